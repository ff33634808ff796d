import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { freePort, temporaryBase } from "../support/server";
import { testedVersions } from "../support/versions";

const PROGRAM = path.resolve(__dirname, "../../provider/bin/clickhouse-schema.js");

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
}

/** Starts the command and waits for its URL. */
async function start(...args: readonly string[]): Promise<Started> {
  const child = spawn(process.execPath, [PROGRAM, "server", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const closed = once(child, "close").then(() => undefined);
  const url = (await Promise.race([once(child.stdout, "data"), closed]))?.[0] as Buffer | undefined;
  assert.ok(url !== undefined, `it ended before: ${said}`);
  return { child, url: url.toString().trim() };
}

async function end({ child }: Started, signal: NodeJS.Signals): Promise<number | null> {
  const closed = once(child, "close") as Promise<[number | null]>;
  child.kill(signal);
  return (await closed)[0];
}

async function ask(url: string, sql: string): Promise<string> {
  return (await (await fetch(url, { method: "POST", body: sql })).text()).trim();
}

describe("clickhouse-schema server", () => {
  for (const version of testedVersions(["25.8"])) {
    it(`starts ${version} until a signal comes, and keeps the data of --dir`, async () => {
      const folder = mkdtempSync(path.join(temporaryBase(), "cli-server-"));
      const args = [version, "--dir", path.join(folder, "new"), "--port", String(await freePort())];
      try {
        const first = await start(...args);
        assert.match(await ask(first.url, "SELECT version()"), /^25\.8\./);
        await ask(first.url, "CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a");
        await ask(first.url, "INSERT INTO t VALUES (7)");
        assert.equal(await end(first, "SIGTERM"), 0);
        await assert.rejects(fetch(first.url));
        const second = await start(...args);
        assert.equal(second.url, first.url);
        await assert.rejects(start("25.8", "--port", args[4] ?? ""), /port \d+ of 127\.0\.0\.1 cannot be listened on/);
        assert.equal(await ask(second.url, "SELECT a FROM t"), "7");
        assert.equal(await end(second, "SIGINT"), 0);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }

  it("refuses what it cannot start", async () => {
    for (const [args, words] of [
      [["22.1"], /Allowed choices are 24\.8, 25\.5, 25\.8/],
      [["25.8", "--port", "99999"], /a port is 1 to 65535/],
    ] as const) {
      const child = spawn(process.execPath, [PROGRAM, "server", ...args], { stdio: ["ignore", "ignore", "pipe"] });
      let said = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
      assert.deepEqual(await once(child, "close"), [2, null]);
      assert.match(said, words);
    }
  });
});
