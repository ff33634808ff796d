import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { PAGE, renderResources } from "../../tools/docs/resources";

describe("docs/resources.md", () => {
  it("is what the docstrings and docs/changes.md say", () => {
    assert.equal(readFileSync(PAGE, "utf8"), renderResources(), "run: npx ts-node -T tools/docs/resources.ts");
  });
});
