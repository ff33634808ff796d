import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { PAGE, renderCli } from "../../tools/docs/cli";

describe("docs/cli.md", () => {
  it("is what the commands say of themselves", () => {
    assert.equal(readFileSync(PAGE, "utf8"), renderCli(), "run: npx ts-node -T tools/docs/cli.ts");
  });
});
