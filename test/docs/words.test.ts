import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import ts from "typescript";

const ROOT = resolve(__dirname, "../..");

/** Words that a native reader stumbles over, and what to write instead; `docs/style.md` has more. */
const STUMBLES: ReadonlyArray<readonly [RegExp, string]> = [
  [/\banew\b/i, "again, re-"],
  [/\bby hand\b/i, "manually"],
  [/\bfor ever\b/i, "forever"],
  [/\bat one time\b/i, "at the same time"],
  [/\bin clear\b/i, "in plain text"],
  [/\bfor want of\b/i, "for lack of"],
  [/\bwhoever\b/i, "anyone who, the reader"],
  [/\bmend(?:s|ed|ing)?\b/i, "fix"],
  [/\bto be retried\b/i, "clients should retry"],
  [/\b(?:goes|go|went|gone) on(?! (?:to|at)\b)/, "continues, resumes"],
  [/\b(?:gives?|given|gave|giving) (?:it |them )?up\b/i, "aborts, loses"],
  [/\bstands? (?:on the server|there|already|aside|behind|before|in the way)\b/i, "exists"],
  [/\bwhat stands\b/i, "what exists"],
  [/\bcannot be told\b/i, "is unknown"],
  [/\bis said\b/i, "is reported"],
  [/\bproven on one\b/i, "tested on a single"],
  [/\b[Ww]rite (?:allow|adopt|aliases|rebuild|renamedFrom|name): /, "set"],
  [/\b[Tt]ake another (?:name|operation)\b/, "choose another"],
];

/** A text that people read, and where. */
interface Shown {
  readonly place: string;
  readonly text: string;
}

const stumbles = (texts: readonly Shown[]): string[] =>
  texts.flatMap(({ place, text }) =>
    STUMBLES.flatMap(([pattern, better]) => {
      const found = pattern.exec(text);
      return found === null ? [] : [`${place}: "${found[0]}", better: ${better}`];
    }),
  );

describe("the words that people read", () => {
  it("are plain English in messages and help texts", () => {
    const texts = filesBelow("provider/src", ".ts").flatMap((file) => literalsIn(file, () => true));
    assert.ok(texts.length > 2000, `${texts.length} texts`);
    assert.deepEqual(stumbles(texts), []);
  });

  it("are plain English in titles of tests", () => {
    const isTitle = (node: ts.Node): boolean =>
      ts.isCallExpression(node.parent) && /^(?:it|describe)\b/.test(node.parent.expression.getText());
    const texts = filesBelow("test", ".test.ts").flatMap((file) => literalsIn(file, isTitle));
    assert.ok(texts.length > 1000, `${texts.length} titles`);
    assert.deepEqual(stumbles(texts), []);
  });

  it("are plain English in the documentation", () => {
    const pages = [
      ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "provider/README.md"],
      ...filesBelow("docs", ".md").filter((file) => file !== "docs/style.md"),
    ];
    const texts = pages.flatMap((file) =>
      prose(readFileSync(join(ROOT, file), "utf8")).map((text, index) => ({ place: `${file}:${index + 1}`, text })),
    );
    assert.deepEqual(stumbles(texts), []);
  });

  it("are not found in what has similar letters, and are found where they are", () => {
    const of = (text: string): number => stumbles([{ place: "", text }]).length;
    for (const text of [
      "go on to the next",
      "standing",
      "amended",
      "the bystander",
      "brand new",
      "write a name: it is",
      "given upfront",
    ])
      assert.equal(of(text), 0, text);
    for (const text of [
      "written anew",
      "inserts go on",
      "what was given up",
      'Then write allow: ["x"]',
      "what stands there is kept",
    ])
      assert.ok(of(text) > 0, text);
  });
});

function filesBelow(folder: string, end: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(end) && !entry.parentPath.includes("node_modules"))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

/** Strings and templates of more than one word. */
function literalsIn(file: string, isWanted: (node: ts.Node) => boolean): Shown[] {
  const source = ts.createSourceFile(file, readFileSync(join(ROOT, file), "utf8"), ts.ScriptTarget.Latest, true);
  const found: Shown[] = [];
  const visit = (node: ts.Node): void => {
    const text = ts.isStringLiteralLike(node)
      ? node.text
      : ts.isTemplateExpression(node)
        ? [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join("…")
        : "";
    if (text.includes(" ") && isWanted(node))
      found.push({ place: `${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`, text });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The lines of a page, without code. */
function prose(page: string): string[] {
  let isCode = false;
  return page.split("\n").map((line) => {
    if (/^\s*(?:>\s*)?```/.test(line)) isCode = !isCode;
    return isCode ? "" : line.replace(/`[^`]*`/g, "");
  });
}
