import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { ChdbConnection } from "../../provider/src/connection/chdb";
import { ConnectionError } from "../../provider/src/connection/errors";
import { openConnection } from "../../provider/src/connection/open";
import { openScratch } from "../../provider/src/connection/scratch";
import { sleep, temporaryBase } from "../support/server";

const DIST = join(__dirname, "../../provider/dist");

describe("the embedded engine", () => {
  let folder: string;
  let url: string;

  beforeEach(() => {
    folder = mkdtempSync(join(temporaryBase(), "clickhouse-test-chdb-"));
    url = `chdb://${folder}/made/data`;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("makes a missing folder, and not if that is forbidden", async () => {
    const error = await unusable(openConnection({ url, create: false }));
    assert.match(error.message, /data directory cannot be used \(ENOENT/);
    const connection = await openConnection({ url });
    await connection.close();
    await (await openConnection({ url, create: false })).close();
  });

  it("refuses a file in the folder's place", async () => {
    writeFileSync(join(folder, "file"), "");
    const error = await unusable(openConnection({ url: `chdb://${folder}/file` }));
    assert.match(error.message, /cannot be used/);
  });

  it("keeps data from one opening to the next", async () => {
    await withData(url);
    const connection = await openConnection({ url });
    assert.deepEqual(await connection.query("SELECT count() AS c FROM d.t"), [{ c: "1000" }]);
    await connection.close();
  });

  it("is shared by the connections of one process, and ends with the last", async () => {
    const [one, two] = await Promise.all([openConnection({ url }), openConnection({ url })]);
    await one.command("CREATE DATABASE d");
    await one.close();
    assert.deepEqual(await two.query("SELECT name FROM system.databases WHERE name = 'd'"), [{ name: "d" }]);
    const { pid } = (two as ChdbConnection).process;
    await two.close();
    assert.equal(isRunning(pid), false);
  });

  it("waits for another process that is about to leave the directory", async () => {
    const other = await openElsewhere(url);
    const opening = openConnection({ url });
    await sleep(700);
    other.process.stdin?.end();
    await (await opening).close();
  });

  it("says when another process keeps the directory", async () => {
    const other = await openElsewhere(url);
    const started = performance.now();
    const error = await unusable(openConnection({ url }));
    assert.ok(performance.now() - started >= 10_000);
    assert.match(
      error.message,
      /made\/data is in use by another process \(pulumi or clickhouse\): one process at a time/,
    );
    other.process.stdin?.end();
    await once(other.process, "exit");
  });

  it("that is killed rejects what was running, keeps what was committed, and can be opened again", async () => {
    await withData(url);
    const connection = await openConnection({ url });
    const running = [unusable(connection.query("SELECT sleep(3)")), unusable(connection.query("SELECT sleep(3)"))];
    await sleep(200);
    process.kill((connection as ChdbConnection).process.pid, "SIGKILL");
    for (const error of await Promise.all(running)) assert.match(error.message, /was ended by SIGKILL/);
    assert.match((await unusable(connection.query("SELECT 1"))).message, /was ended by SIGKILL/);
    await connection.close();

    const again = await openConnection({ url });
    assert.deepEqual(await again.query("SELECT count() AS c FROM d.t"), [{ c: "1000" }]);
    await again.close();
  });

  it("leaves Ctrl-C to its parent", async () => {
    const connection = await openConnection({ url });
    const running = connection.query("SELECT sleep(1) AS a");
    const { pid } = (connection as ChdbConnection).process;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.kill(pid, signal);
    assert.deepEqual(await running, [{ a: 0 }]);
    await connection.close();
  });

  it("closes although a statement is running, which is rejected", async () => {
    const connection = await openConnection({ url });
    const running = unusable(connection.query("SELECT sleep(3)"));
    await sleep(200);
    const started = performance.now();
    await connection.close();
    assert.ok(performance.now() - started < 2900);
    assert.match((await running).message, /closed while a statement was running/);
    await (await openConnection({ url })).close();
  });

  it("ends when its parent is killed, in the middle of a statement too, and lets go of the directory", async () => {
    const other = await openElsewhere(url, 'connection.query("SELECT sleep(3)").catch(() => {});');
    await sleep(200);
    other.process.kill("SIGKILL");
    await gone(other.childPid);
    const connection = await openConnection({ url });
    assert.deepEqual(await connection.query("SELECT 1 AS a"), [{ a: 1 }]);
    await connection.close();
  });

  it("lets its parent end although nobody closed it, but not before an answer is there", async () => {
    const other = await openElsewhere(
      url,
      'process.stdin.destroy(); connection.query("SELECT sleep(1) AS a").then((rows) => console.log(JSON.stringify(rows)));',
    );
    const lines: string[] = [];
    other.lines.on("line", (line) => lines.push(line));
    const [code] = await once(other.process, "exit");
    assert.equal(code, 0);
    assert.deepEqual(lines, ['[{"a":0}]']);
    await gone(other.childPid);
  });

  it("that is not installed says what to install", async () => {
    // The compiled files alone, in a folder from which no chdb can be found.
    cpSync(DIST, join(folder, "alone/dist"), { recursive: true });
    const script = `require(${JSON.stringify(join(folder, "alone/dist/connection/open.js"))})
      .openConnection({ url: "chdb://./data" }).catch((error) => console.log(error.name + ": " + error.message))`;
    const child = spawn(process.execPath, ["-e", script], { cwd: folder, env: { PATH: process.env["PATH"] } });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    await once(child, "close");
    assert.match(output, /^ConnectionError: .*chdb isn't installed: npm install chdb@3\.4\.0, or set clickhouse:url/);
  });
});

describe("the embedded engine that checks declarations", () => {
  it("is empty, fast to write, and keeps a SET", async () => {
    const scratch = await openScratch();
    const rows = await scratch.query("SELECT value FROM system.settings WHERE name = 'fsync_metadata'");
    assert.deepEqual(rows, [{ value: "0" }]);
    await scratch.command("SET allow_suspicious_low_cardinality_types = 1");
    await scratch.command("CREATE DATABASE d");
    await scratch.command("CREATE TABLE d.t (a LowCardinality(UInt8)) ENGINE = MergeTree ORDER BY a");
    await scratch.close();
  });

  it("is one's own: two do not see each other", async () => {
    const [one, two] = await Promise.all([openScratch(), openScratch()]);
    await one.command("CREATE DATABASE d");
    assert.deepEqual(await two.query("SELECT name FROM system.databases WHERE name = 'd'"), []);
    await Promise.all([one.close(), two.close()]);
  });

  it("removes its directory when it is closed", async () => {
    const scratch = await openScratch();
    const path = scratch.url.slice("chdb://".length);
    assert.ok(readdirSync(path).length > 0);
    await scratch.close();
    assert.equal(existsSync(path), false);
  });

  it("removes what processes left that were killed together with their engine", async () => {
    const base = dirname((await closedScratch()).slice("chdb://".length));
    const nobody = mkdtempSync(join(base, "clickhouse-scratch-999999999-"));
    const alive = mkdtempSync(join(base, `clickhouse-scratch-${process.pid}-`));
    const recent = mkdtempSync(join(base, "clickhouse-scratch-999999999-"));
    const longAgo = new Date(Date.now() - 7_200_000);
    for (const path of [nobody, alive]) utimesSync(path, longAgo, longAgo);
    await closedScratch();
    assert.deepEqual(
      [nobody, alive, recent].map((path) => existsSync(path)),
      [false, true, true],
    );
    for (const path of [alive, recent]) rmSync(path, { recursive: true });
  });

  it("removes its directory when its process is killed", async () => {
    const other = await openElsewhere("scratch", 'connection.query("SELECT sleep(3)").catch(() => {});');
    await sleep(200);
    other.process.kill("SIGKILL");
    await gone(other.childPid);
    assert.equal(existsSync(other.url.slice("chdb://".length)), false);
  });
});

async function closedScratch(): Promise<string> {
  const scratch = await openScratch();
  await scratch.close();
  return scratch.url;
}

interface Elsewhere {
  readonly process: ChildProcess;
  readonly lines: ReturnType<typeof createInterface>;
  readonly url: string;
  /** The process with the engine. */
  readonly childPid: number;
}

/** Opens a connection in another process, which closes it when its stdin ends. */
async function openElsewhere(url: string, then = ""): Promise<Elsewhere> {
  const script = `(async () => {
    const connection = ${JSON.stringify(url)} === "scratch"
      ? await require(${JSON.stringify(join(DIST, "connection/scratch.js"))}).openScratch()
      : await require(${JSON.stringify(join(DIST, "connection/open.js"))}).openConnection({ url: ${JSON.stringify(url)} });
    console.log(JSON.stringify({ url: connection.url, childPid: connection.process.pid }));
    process.stdin.on("end", () => void connection.close()).resume();
    ${then}
  })();`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const [line] = await once(lines, "line");
  return { process: child, lines, ...(JSON.parse(line as string) as { url: string; childPid: number }) };
}

async function withData(url: string): Promise<void> {
  const connection = await openConnection({ url });
  await connection.command("CREATE DATABASE d");
  await connection.command("CREATE TABLE d.t (a UInt64) ENGINE = MergeTree ORDER BY a");
  await connection.insert(
    "d.t",
    Array.from({ length: 1000 }, (_, a) => ({ a })),
  );
  await connection.close();
}

async function gone(pid: number): Promise<void> {
  const deadline = Date.now() + 5000;
  while (isRunning(pid)) {
    assert.ok(Date.now() < deadline, `process ${pid} should have ended`);
    await sleep(20);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function unusable(work: Promise<unknown>): Promise<ConnectionError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof ConnectionError, `a ConnectionError is expected, it was: ${error}`);
    return error;
  }
  return assert.fail("a ConnectionError is expected");
}
