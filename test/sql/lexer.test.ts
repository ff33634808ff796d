import assert from "node:assert/strict";
import * as fc from "fast-check";
import { lex } from "../../provider/src/sql/lexer";

/** Pieces that make the hard cases likely. */
const PIECES = [
  "'",
  '"',
  "`",
  "''",
  "\\",
  "/*",
  "*/",
  "--",
  "# ",
  "#",
  "\n",
  "$$",
  "$t$",
  "‘",
  "’",
  "(",
  "]",
  "}",
  ".",
  "1",
  "a",
  "0x",
  "e5",
  " ",
];
const ANY_SOURCE = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 30 }).map((pieces) => pieces.join("")),
);

function describeTokens(source: string): string[] {
  return lex(source).map(({ kind, text }) => `${kind} ${text}`);
}

describe("lexer", () => {
  it("loses nothing of any source: tokens and the white space between them give it back", () => {
    fc.assert(
      fc.property(ANY_SOURCE, (source) => {
        let offset = 0;
        for (const { start, end, text } of lex(source)) {
          assert.match(source.slice(offset, start), /^[\s\u0085\u180e\u200b-\u200d\u2060]*$/);
          assert.ok(start >= offset && end > start);
          assert.equal(source.slice(start, end), text);
          offset = end;
        }
        assert.match(source.slice(offset), /^[\s\u0085\u180e\u200b-\u200d\u2060]*$/);
      }),
      { numRuns: 2000 },
    );
  });

  const cases: readonly (readonly [what: string, source: string, tokens: readonly string[]])[] = [
    [
      "strings with escapes and doubled quotes",
      "'it''s' 'a\\'b' ''",
      ["string 'it''s'", "string 'a\\'b'", "string ''"],
    ],
    ["heredocs", "$$it's$$ $a$ $$ $a$", ["string $$it's$$", "string $a$ $$ $a$"]],
    ["binary literals", "x'41' b'01'", ["string x'41'", "string b'01'"]],
    ["names in three kinds of quotes", '`a``b` "a\\"b" “c”', ["quoted `a``b`", 'quoted "a\\"b"', "quoted “c”"]],
    ["names with digits and dollars", "1st a$b $c", ["word 1st", "word a$b", "word $c"]],
    [
      "numbers",
      "1 1.5 .5 5. 0x1F 1e-3 1_000",
      ["1", "1.5", ".5", "5.", "0x1F", "1e-3", "1_000"].map((n) => `number ${n}`),
    ],
    ["tuple elements", "t.1.2", ["word t", "operator .", "number 1", "operator .", "number 2"]],
    ["nested comments", "a /* b /* c */ d */ e", ["word a", "comment /* b /* c */ d */", "word e"]],
    ["line comments", "a -- b\n# c\n// d\nE", ["word a", "comment -- b", "comment # c", "comment // d", "word E"]],
    ["keywords inside of quotes", "'ORDER BY' `TTL`", ["string 'ORDER BY'", "quoted `TTL`"]],
    [
      "operators of several characters",
      "a::b->c<=>d",
      ["word a", "operator ::", "word b", "operator ->", "word c", "operator <=>", "word d"],
    ],
    ["what has no end", "'a", ["unknown '", "word a"]],
  ];
  for (const [what, source, tokens] of cases) {
    it(`reads ${what}`, () => {
      assert.deepEqual(describeTokens(source), tokens);
    });
  }
});
