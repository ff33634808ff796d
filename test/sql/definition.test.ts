import assert from "node:assert/strict";
import { Definition } from "../../provider/src/sql/definition";
import { SqlParseError } from "../../provider/src/sql/errors";
import { objectKey } from "../../provider/src/sql/object-key";
import { parseCreate } from "../../provider/src/sql/parse";
import { renderCreate } from "../../provider/src/sql/render";
import { ownGroups } from "../generate/statements";

const WRITTEN = "create table d.t  ( `a` UInt8 ) engine=Memory";

describe("a definition", () => {
  it("read from a text keeps it word for word, whatever its spelling", () => {
    const definition = Definition.read(WRITTEN);
    assert.equal(definition.text, WRITTEN);
    assert.equal(definition.key, objectKey("d", "t"));
    assert.equal(definition.text, WRITTEN);
  });

  it("made from a spec has the same spec, the rendered text and the same key", () => {
    const spec = parseCreate(WRITTEN);
    const definition = Definition.of(spec);
    assert.equal(definition.spec, spec);
    assert.equal(definition.text, renderCreate(spec));
    assert.equal(definition.key, Definition.read(definition.text).key);
  });

  it("is parsed when first asked for, and once", () => {
    const broken = Definition.read("SELECT 1");
    assert.equal(broken.text, "SELECT 1");
    assert.throws(() => broken.spec, SqlParseError);
    const definition = Definition.read(WRITTEN);
    assert.equal(definition.spec, definition.spec);
  });

  it("of a spec equals what its text says, for every statement that the tests have", () => {
    for (const { statements } of ownGroups())
      for (const { sql } of statements) {
        const spec = specOf(sql);
        if (spec !== undefined) assert.deepEqual(Definition.read(Definition.of(spec).text).spec, spec, sql);
      }
  });
});

function specOf(sql: string): ReturnType<typeof parseCreate> | undefined {
  try {
    return parseCreate(sql);
  } catch {
    return undefined;
  }
}
