import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createClient } from "@clickhouse/client";
import { signals } from "../../examples/obsfly/config";
import { type GenerateOptions, generate } from "../../examples/obsfly/load/generate";
import { load } from "../../examples/obsfly/load/load";
import { readCommand, stackUrl } from "../../examples/obsfly/load/options";
import type { Row } from "../../examples/obsfly/load/period";
import { openConnection } from "../../provider/src/connection/open";
import { copyObsfly, type ObsflyCopy } from "../support/obsfly";
import { startServer, type TestServer, temporaryBase } from "../support/server";
import { TYPESCRIPT } from "../support/typescript";
import { compareAll, refreshDependencies } from "./truth";

const ROOT = resolve(__dirname, "../..");
const HOUR = 3_600_000;
const END = Date.parse("2026-02-03T12:00:00Z");
const OPTIONS: GenerateOptions = { seed: 7, rows: 4000, start: END - 24 * HOUR, end: END };

function rowsOf(options: GenerateOptions): Record<string, Row[]> {
  const rows: Record<string, Row[]> = {};
  for (const batch of generate(options)) rows[batch.signal] = [...(rows[batch.signal] ?? []), ...batch.rows];
  return rows;
}

describe("the load generator", () => {
  it("gives the same rows for the same seed, and others for another", () => {
    const rows = rowsOf(OPTIONS);
    assert.deepEqual(rowsOf(OPTIONS), rows);
    const others = rowsOf({ ...OPTIONS, seed: 8 });
    for (const signal of signals) assert.notDeepEqual(others[signal], rows[signal], signal);
  });

  it("gives the same rows in whatever pieces and order, and for each signal alone", () => {
    const texts = (rows: Row[] = []): string[] => rows.map((row) => JSON.stringify(row)).sort();
    const rows = rowsOf(OPTIONS);
    const pieces = rowsOf({ ...OPTIONS, batch: 333, passes: 4 });
    for (const signal of signals) {
      assert.deepEqual(texts(pieces[signal]), texts(rows[signal]), signal);
      assert.deepEqual(rowsOf({ ...OPTIONS, signals: [signal] })[signal], rows[signal], signal);
    }
  });

  it("has what real telemetry has: late rows, resets, open spans, calls between services, rows without a hash", () => {
    const { logs = [], metrics = [], traces = [], profiles = [] } = rowsOf({ ...OPTIONS, rows: 20_000 });
    const isLate = ({ Timestamp }: Row): boolean => Number(Timestamp) * 1000 < OPTIONS.start;
    for (const rows of [logs, metrics, profiles]) assert.ok(rows.some(isLate));
    assert.ok(logs.some(({ BodyHash }) => BodyHash === ""));
    assert.ok(traces.some(({ EndTimeUnixNano }) => EndTimeUnixNano === 0));
    const services = new Map(traces.map((span) => [`${span["TraceId"]} ${span["SpanId"]}`, span["ServiceName"]]));
    const crossing = traces.filter(({ TraceId, ParentSpanId, ServiceName }) => {
      const parent = services.get(`${TraceId} ${ParentSpanId}`);
      return parent !== undefined && parent !== ServiceName;
    });
    assert.ok(crossing.length > traces.length / 5, `${crossing.length} of ${traces.length}`);
    const cpu = metrics.filter(
      ({ HostId, Labels, Value }) =>
        HostId === "host-1" && (Labels as Row)["mode"] === "user" && typeof Value === "number",
    );
    const readings = cpu
      .sort((a, b) => Number(a["Timestamp"]) - Number(b["Timestamp"]))
      .map(({ Value }) => Number(Value));
    const falls = readings.filter((value, at) => value < (readings[at - 1] ?? 0)).length;
    assert.ok(falls > 0 && falls < readings.length / 10, `${falls} resets in ${readings.length} readings`);
  });

  it("reads its options, and says what is wrong with them", () => {
    const command = readCommand(["--rows", "1_000", "--until", "2026-02-03T12:00:00Z", "--url", "http://h:1"], {});
    assert.equal(command?.url, "http://h:1");
    assert.deepEqual([command?.load.rows, command?.load.start, command?.load.end], [1000, END - 24 * HOUR, END]);
    assert.equal(readCommand(["--help"], {}), undefined);
    assert.equal(readCommand([], { CLICKHOUSE_URL: "http://h:2" })?.url, "http://h:2");
    for (const [args, message] of [
      [["--rows", "none"], /--rows: expected a whole number from 1, found "none"/],
      [["--days", "30"], /--days: expected at most 4/],
      [["--until", "soon"], /--until: expected a time/],
      [["--signals", "logs,events"], /found "events"/],
      [["--stack", "nowhere"], /Pulumi.nowhere.yaml is not there/],
    ] as const) {
      assert.throws(() => readCommand(args, {}), message);
    }
  });

  it("finds the server of a stack in its config", () => {
    const folder = mkdtempSync(join(temporaryBase(), "stack-"));
    try {
      writeFileSync(join(folder, "Pulumi.dev.yaml"), "config:\n  clickhouse:url: chdb://./data/dev\n");
      writeFileSync(join(folder, "Pulumi.prod.yaml"), 'config:\n  clickhouse:url: "https://h:8443" # the big one\n');
      writeFileSync(join(folder, "Pulumi.none.yaml"), "config: {}\n");
      assert.equal(stackUrl("dev", folder), `chdb://${join(folder, "data/dev")}`);
      assert.equal(stackUrl("prod", folder), "https://h:8443");
      assert.throws(() => stackUrl("none", folder), /has no clickhouse:url/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("npm run load", () => {
  let server: TestServer;
  let stack: ObsflyCopy;

  before(async function () {
    this.timeout(600_000); // the first run on a machine may build the CLI
    server = await startServer();
    stack = await copyObsfly({ "clickhouse:url": server.url });
    await stack.must(["up", "--yes", "--skip-preview"]);
  });

  after(async () => {
    stack?.remove();
    await server?.stop();
  });

  it("fills the stack, and every rollup equals the truth", async function () {
    this.timeout(300_000);
    const connection = await openConnection({ url: server.url });
    const client = createClient({ url: server.url });
    try {
      const end = Date.now();
      let shown = 0;
      const written = await load(connection, {
        seed: 3,
        rows: 20_000,
        start: end - 3 * HOUR,
        end,
        batch: 3000,
        onProgress: (rows) => {
          shown = Object.values(rows).reduce((sum, one) => sum + one, 0);
        },
      });
      assert.equal(
        shown,
        Object.values(written).reduce((sum, one) => sum + one, 0),
      );
      for (const signal of signals) assert.ok(written[signal] > 19_000, `${signal}: ${written[signal]} rows`);
      await refreshDependencies(client);
      await compareAll(client);
    } finally {
      await client.close();
      await connection.close();
    }
  });

  it("says how far it is and what to do next", async () => {
    const { code, out, error } = await run(["--url", server.url, "--rows", "2000"]);
    assert.equal(code, 0, error);
    assert.match(error, /100 % {2}8,000 of 8,000 rows|9\d % /);
    assert.match(out, /logs\.logs_v1 2,000, metrics\.metrics_v1 2,000, .* rows in .*rows\/s/);
    assert.match(out, /clickhouse-schema status --url http/);
  });

  it("says where the stack is not deployed, and when another process holds the embedded engine", async () => {
    const folder = mkdtempSync(join(temporaryBase(), "load-"));
    mkdirSync(join(folder, "data"));
    const url = `chdb://${join(folder, "data")}`;
    const holder = await openConnection({ url });
    try {
      const held = await run(["--url", url]);
      assert.equal(held.code, 1);
      assert.match(held.error, /is in use by another process .*: one process at a time can open it/);
      await holder.close();
      const empty = await run(["--url", url]);
      assert.equal(empty.code, 1);
      assert.match(empty.error, /has no logs\.logs_v1, .*\. Deploy the stack first: npm start/);
    } finally {
      await holder.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

function run(args: readonly string[]): Promise<{ code: number | null; out: string; error: string }> {
  return new Promise((resolve, reject) => {
    const main = join(ROOT, "examples/obsfly/load/main.ts");
    const child = spawn(process.execPath, [...TYPESCRIPT, main, ...args], { cwd: ROOT });
    let [out, error] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      error += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, error }));
  });
}
