import assert from "node:assert/strict";
import * as fc from "fast-check";
import { renderReport } from "../../provider/src/report";
import { code, fence, prose, shorten } from "../../provider/src/report/markdown";
import { changed, preview, updateStep } from "./support";

describe("Markdown", () => {
  it("shows text as it is", () => {
    assert.equal(
      prose("a*b* [x](y) <b> | ~~c~~"),
      "a&#42;b&#42; &#91;x&#93;(y) &#60;b&#62; &#124; &#126;&#126;c&#126;&#126;",
    );
    assert.equal(
      prose("_it_ snake_case :bug: 12:30 https://x"),
      "&#95;it&#95; snake_case &#58;bug: 12:30 https&#58;//x",
    );
  });

  it("calls no user and names no issue", () => {
    assert.equal(prose("@team fixes #12"), "@<!-- -->team fixes #<!-- -->12");
  });

  it("shows in a fixed width what is in backticks, and a lone backtick as it is", () => {
    assert.equal(prose("add `a|b` or ` it"), "add <code>a&#124;b</code> or &#96; it");
  });

  it("fences any text", () => {
    assert.equal(fence("SELECT 1", "sql"), "```sql\nSELECT 1\n```");
    fc.assert(
      fc.property(fc.array(fc.constantFrom("`", "```", "~~~", "a", "\n", " ", "\r")), (pieces) => {
        const lines = fence(pieces.join("")).split("\n");
        const mark = lines[0] ?? "";
        assert.match(mark, /^`{3,}$/);
        const closing = lines.findIndex(
          (line, index) => index > 0 && /^ {0,3}`+\s*$/.test(line) && line.trim().length >= mark.length,
        );
        assert.equal(closing, lines.length - 1);
      }),
    );
  });

  it("puts a name into one line without anything that is markup", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        const inside = /^<code>([\s\S]*)<\/code>$/.exec(code(name))?.[1] ?? "<";
        assert.doesNotMatch(inside, /[<>`|*[\]\n\r]/);
      }),
    );
  });

  it("cuts no character in half", () => {
    assert.equal(shorten("ab😀cd", 4), "ab…");
    assert.equal(shorten("abcd", 4), "abcd");
  });

  it("is not broken by names and comments", () => {
    const name = "a`|<img src=x>\n```\n</details>*_";
    const statement = `CREATE TABLE d.t\n(\n    \`a\` UInt8 COMMENT '\`\`\`\`\n</details><script>'\n)\nORDER BY a`;
    const plan = "ALTER TABLE d.t COMMENT COLUMN a '```';\n-- may-fail: <b>|`x`";
    const report = renderReport(
      changed(preview("obsfly-delete.json"), "logs.logs_v1", (step) =>
        updateStep(step, { qualifiedName: name, statement, plan }),
      ),
    );
    assert.doesNotMatch(outsideOfFences(report), /<img|<script/);
    assert.match(report, /<code>a&#96;&#124;&#60;img src=x&#62; &#96;&#96;&#96; &#60;\/details&#62;&#42;&#95;<\/code>/);
    assert.match(report, /^`{5}diff$/m);
  });
});

/** What a renderer takes for Markdown. */
function outsideOfFences(text: string): string {
  return text.replace(/^( *)(`{3,})[^`\n]*\n[\s\S]*?\n\1\2$/gm, "");
}
