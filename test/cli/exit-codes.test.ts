import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";

const PROGRAM = resolve(__dirname, "../../provider/bin/clickhouse-schema.js");
const run = (...args: string[]): { status: number | null; text: string } => {
  const env = { PATH: process.env["PATH"], HOME: process.env["HOME"] };
  const { status, stderr, stdout } = spawnSync(process.execPath, [PROGRAM, ...args], {
    encoding: "utf8",
    env,
    input: "",
  });
  return { status, text: stdout + stderr };
};

/** With what they need beside a server. */
const SERVER_COMMANDS = [
  ["operations"],
  ["doctor"],
  ["status"],
  ["verify"],
  ["backfill", "--view", "a.b"],
  ["import"],
] as const;

describe("exit codes", () => {
  const commands = [...run("--help").text.matchAll(/^ {2}([a-z]+) \[/gm)].flatMap(([, name = ""]) =>
    name === "help" ? [] : [name],
  );

  it("2: every command, for an option that it does not have", () => {
    assert.ok(commands.length > 10);
    for (const name of commands) {
      const { status, text } = run(name, "--nonsense");
      assert.equal(status, 2, `${name}: ${text}`);
      assert.match(text, /unknown option '--nonsense'|required option/);
    }
  });

  it("2: every command that asks a server, for one that does not answer", () => {
    for (const [name, ...args] of SERVER_COMMANDS) {
      const { status, text } = run(name, ...args, "--url", "http://127.0.0.1:9");
      assert.equal(status, name === "doctor" ? 1 : 2, `${name}: ${text}`);
    }
  });

  it("0: help, which has an example of every command", () => {
    for (const name of commands) {
      const { status, text } = run(name, "--help");
      assert.equal(status, 0);
      assert.match(text, new RegExp(`Example:\\n {2}.*clickhouse-schema ${name}\\b`), name);
    }
  });

  it("2: a size without a unit that was meant as gigabytes", () => {
    const { status, text } = run("verify", "--max-memory", "4", "--url", `chdb://${join("nowhere")}`);
    assert.equal(status, 2);
    assert.match(text, /at least 1 MiB, as bytes or with a unit, e\.g\. 4GiB; found "4"/);
  });
});
