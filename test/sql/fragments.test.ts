import assert from "node:assert/strict";
import fc from "fast-check";
import {
  parseQualifiedName,
  splitArguments,
  splitStatements,
  withoutOuterBrackets,
} from "../../provider/src/sql/fragments";
import { qualifiedName } from "../../provider/src/sql/identifiers";

describe("fragments of SQL", () => {
  it("splits arguments at the commas outside of parentheses and strings", () => {
    assert.deepEqual(splitArguments("a, f(b, c), 'd,e', [1, 2]"), ["a", "f(b, c)", "'d,e'", "[1, 2]"]);
    assert.deepEqual(splitArguments(""), []);
  });

  it("takes parentheses off an expression, never off a tuple", () => {
    const cases = [
      ["(a)", "a"],
      ["((a))", "a"],
      ["(a, b)", "(a, b)"],
      ["(a,)", "(a,)"],
      ["()", "()"],
      ["(a) + (b)", "(a) + (b)"],
      ["tuple()", "tuple()"],
      ["a", "a"],
      ["(f(a, b))", "f(a, b)"],
    ] as const;
    for (const [text, expected] of cases) assert.equal(withoutOuterBrackets(text), expected, text);
  });

  it("reads back every qualified name it writes", () => {
    const name = fc.string({ minLength: 1, unit: "grapheme" });
    fc.assert(
      fc.property(name, name, (database, table) => {
        assert.deepEqual(parseQualifiedName(qualifiedName({ database, name: table })), { database, name: table });
      }),
    );
  });

  it("takes nothing else for a qualified name", () => {
    for (const text of ["", "a", "a.b.c", "a.", ".b", "a b", "'a'.b", "a.b;"]) {
      assert.equal(parseQualifiedName(text), undefined, text);
    }
  });

  it("splits a script at its semicolons, not at those in texts and comments, and knows the lines", () => {
    const script = "-- a;\nSELECT ';';\n\n/* ; */ SELECT 2\n;;\nSELECT 3";
    assert.deepEqual(splitStatements(script), [
      { sql: "SELECT ';'", line: 2 },
      { sql: "SELECT 2", line: 4 },
      { sql: "SELECT 3", line: 6 },
    ]);
  });
});
