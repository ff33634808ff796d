import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { sql } from "../../provider/src";
import { byHand } from "../e2e/support";
import { sharedServer } from "../support/server";

const textOf = (output: pulumi.Output<string>): Promise<string> =>
  new Promise((resolve) => output.apply((text) => resolve(text)));

describe("the sql tag", () => {
  it("escapes what is between single quotes, and nothing else", async () => {
    const password = 'it\'s \\ "odd"';
    assert.equal(await textOf(sql`f('u', '${password}')`), "f('u', 'it\\'s \\\\ \"odd\"')");
    assert.equal(
      await textOf(sql`f('it''s ${password}') -- it's ${password}`),
      String.raw`f('it''s it\'s \\ "odd"') -- it's it's \ "odd"`,
    );
    assert.equal(
      await textOf(sql`SELECT "it's", \`'\`, /* ' */ $$'$$ FROM ${"a.b"} WHERE x IN (${1})`),
      "SELECT \"it's\", `'`, /* ' */ $$'$$ FROM a.b WHERE x IN (1)",
    );
    assert.equal(await textOf(sql`'${"a'"}' || ${"b'"} || '${pulumi.output("c'")}'`), "'a\\'' || b' || 'c\\''");
  });

  it("keeps every text between quotes as it is, for the engine", async () => {
    const { url } = await sharedServer();
    await byHand(url, (connection) =>
      fc.assert(
        fc.asyncProperty(fc.string({ unit: "grapheme" }), async (text) => {
          const query = await textOf(sql`SELECT '<${text}>' AS shown`);
          const [row] = await connection.query<{ shown: string }>(query);
          assert.equal(row?.shown, `<${text}>`);
        }),
        { numRuns: 50 },
      ),
    );
  });

  it("keeps secrets secret", async () => {
    assert.equal(await pulumi.isSecret(sql`f('${pulumi.secret("x")}')`), true);
  });
});
