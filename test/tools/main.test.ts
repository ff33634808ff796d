import assert from "node:assert/strict";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { Machine } from "./fakes";

const MAIN = "tools/pulumi-cli/main.ts";

describe("npm run pulumi", () => {
  let machine: Machine;
  const pulumi = (body: string) => {
    machine.installed("3.300.0");
    const known = 'case "$*" in version) echo v3.300.0; exit;; "stack --show-name"*) echo dev; exit;; esac';
    machine.script("pulumi", `${known}\n${body}`);
    // Keeps the repository free of a backend folder.
    machine.env["PULUMI_BACKEND_URL"] = "file:///nowhere";
  };
  beforeEach(() => {
    machine = new Machine();
  });
  afterEach(() => machine.remove());

  it("passes on the arguments and the exit code, and knows the selected stack", async () => {
    pulumi('echo "$1 $2 $PULUMI_CONFIG_PASSPHRASE"; exit 7');
    const child = machine.node([MAIN, "preview", "--diff"]);
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
    assert.deepEqual([output, code], ["preview --diff dev\n", 7]);
  });

  it("passes on an interrupt, and stays until pulumi has ended", async () => {
    pulumi("trap 'echo cancelled; exit 3' INT\necho ready\nwhile :; do /bin/sleep 0.1; done");
    const child = machine.node([MAIN, "up"]);
    const exit = once(child, "exit");
    let output = "";
    for await (const chunk of child.stdout) {
      output += String(chunk);
      if (String(chunk).includes("ready")) child.kill("SIGINT");
    }
    assert.deepEqual([output, await exit], ["ready\ncancelled\n", [3, null]]);
  });
});
