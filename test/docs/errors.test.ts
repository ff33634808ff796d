import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

import { ERRORS } from "../../provider/src/error-codes";
import { PAGE, renderErrors } from "../../tools/docs/errors";

const ROOT = resolve(__dirname, "../..");

describe("docs/errors.md", () => {
  it("lists the codes that errors have", () => {
    const page = readFileSync(PAGE, "utf8");
    assert.equal(renderErrors(page), page, "run `npm run docs:pages`");
  });

  it("lists no code that nothing uses", () => {
    const source = textsOf(join(ROOT, "provider/src"));
    const unused = Object.keys(ERRORS).filter((code) => source.split(`"${code}"`).length < 2);
    assert.deepEqual(unused, []);
  });

  it("quotes only what the package says", () => {
    const source = textsOf(join(ROOT, "provider/src"));
    const page = readFileSync(join(ROOT, "docs/errors.md"), "utf8");
    const own = page.slice(page.indexOf("## At preview"), page.indexOf("## From Pulumi"));
    const quotes = [...own.matchAll(/\*\*`(.*?)`/g)].flatMap(([, text = ""]) => text.split("…"));
    const fragments = quotes.map((text) => text.replaceAll("(code ", "").trim()).filter((text) => text.length > 3);
    assert.ok(fragments.length > 10);
    assert.deepEqual(
      fragments.filter((text) => !source.includes(text)),
      [],
    );
  });
});

/** All sources as one text, in which texts that are written in several pieces are one. */
function textsOf(folder: string): string {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .map((path) => (statSync(path).isDirectory() ? textsOf(path) : readFileSync(path, "utf8")))
    .join("\n")
    .replaceAll(/["`]\s*\+\s*["`]/g, "")
    .replaceAll("\\`", "`");
}
