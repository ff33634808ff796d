import assert from "node:assert/strict";
import { rightsToAlter } from "../../provider/src/plan/rights";

describe("the rights that an ALTER needs", () => {
  const needed = (command: string): string[] =>
    rightsToAlter(`ALTER TABLE d.t ${command}`, { database: "d", name: "t" }).map(({ privilege }) => privilege);

  it("of a rename of a column are also those of the constraint that refuses inserts meanwhile", () =>
    assert.deepEqual(needed("RENAME COLUMN a TO b"), [
      "ALTER RENAME COLUMN(a)",
      "ALTER ADD CONSTRAINT",
      "ALTER DROP CONSTRAINT",
    ]));

  it("of other commands are their own", () =>
    assert.deepEqual(needed("ADD COLUMN c UInt8, DROP INDEX i"), ["ALTER ADD COLUMN(c)", "ALTER DROP INDEX"]));
});
