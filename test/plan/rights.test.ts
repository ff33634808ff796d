import assert from "node:assert/strict";
import { rightsToRun } from "../../provider/src/kinds/object";
import { parseCreate } from "../../provider/src/sql/parse";

const TABLE = parseCreate("CREATE TABLE d.t (a UInt64) ENGINE = MergeTree ORDER BY a");

describe("the rights that an ALTER needs", () => {
  const needed = (command: string, gated = false): string[] =>
    rightsToRun({ kind: "statement", sql: `ALTER TABLE d.t ${command}`, hazards: [], gated }, TABLE).map(
      ({ privilege }) => privilege,
    );

  it("of a rename of a column are also those of the constraint that refuses inserts meanwhile", () =>
    assert.deepEqual(needed("RENAME COLUMN a TO b", true), [
      "ALTER RENAME COLUMN(a)",
      "ALTER ADD CONSTRAINT",
      "ALTER DROP CONSTRAINT",
    ]));

  it("of other commands are their own", () =>
    assert.deepEqual(needed("ADD COLUMN c UInt8, DROP INDEX i"), ["ALTER ADD COLUMN(c)", "ALTER DROP INDEX"]));
});
