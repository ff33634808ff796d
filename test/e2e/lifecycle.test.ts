import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { byEffort } from "../support/effort";
import { copyObsfly, type ObsflyCopy } from "../support/obsfly";
import { startServer, type TestServer } from "../support/server";

/** Every view the seed names, and the sisters of the one that it feeds from four signals. */
const VIEWS = [
  "logs.data_ingestion_mv",
  "logs.log_patterns_mv",
  "logs.log_volume_mv",
  "metrics.data_ingestion_mv",
  "metrics.metrics_hourly_mv",
  "metrics.node_resources_mv",
  "metrics.service_performance_mv",
  "profiles.data_ingestion_mv",
  "profiles.profile_samples_mv",
  "traces.data_ingestion_mv",
  "traces.service_dependencies_mv",
  "traces.trace_latency_mv",
];

const NAMES =
  "SELECT concat(database, '.', name) AS name FROM system.tables WHERE database IN ('logs', 'metrics', 'traces', 'profiles')";

interface Target {
  readonly url: string;
  stop(): Promise<void>;
}

const targets: [string, () => Promise<Target>][] = [
  ["the embedded engine", embedded],
  ["a server over HTTP", server],
];

/** What is decided before the place is asked is tried in one of them, and in both in `soak`. */
const ALL_IN: readonly string[] = byEffort({
  fast: [],
  full: [targets[1]?.[0] ?? ""],
  soak: targets.map(([where]) => where),
});

for (const [where, open] of targets) {
  describe(`the ObsFly stack on ${where}, by the real CLI`, function () {
    this.timeout(300_000);
    let target: Target;
    let stack: ObsflyCopy;

    before(async () => {
      target = await open();
      stack = await copyObsfly({ "clickhouse:url": target.url, "obsfly:protect": "false" });
    });

    after(async () => {
      stack?.remove();
      await target?.stop();
    });

    it("comes up, with every view of the seed, its target and its read view", async () => {
      await stack.must(["up", "--yes", "--skip-preview"]);
      const names = await withServer(target, async (connection) =>
        (await connection.query<{ name: string }>(NAMES)).map((row) => row.name),
      );
      for (const view of VIEWS) assert.ok(names.includes(view), `${view} is missing among ${names.join(" ")}`);
      for (const view of VIEWS.filter((name) => !/^(logs|traces|profiles)\.data_ingestion/.test(name))) {
        assert.ok(names.includes(view.replace(/_mv$/, "")), `${view} has no target`);
        assert.ok(names.includes(view.replace(/_mv$/, "_read")), `${view} has no read view`);
      }
    });

    it("previews no change", async () => {
      await stack.must(["preview", "--expect-no-changes"]);
    });

    it("finds no drift on refresh", async () => {
      const { text } = await stack.must(["refresh", "--yes", "--skip-preview", "--expect-no-changes"]);
      assert.doesNotMatch(text, /updated|deleted/);
      if (!target.url.startsWith("http")) return;
      const queries = await queriesOfLastRun(target);
      assert.ok(queries > 2 && queries <= 10, `${queries} queries`);
    });

    const decidedBefore = (title: string, body: () => Promise<void>): void => {
      if (ALL_IN.includes(where)) it(title, body);
    };

    decidedBefore("stays as it is on a second up", async () => {
      const { text } = await stack.must(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
      assert.match(text, /\d+ unchanged/);
    });

    decidedBefore("keeps the constant text of its provider in the state, and nothing hidden beside it", async () => {
      const { deployment } = await stack.state();
      const objects = (deployment.resources ?? []).filter((resource) => resource.type.includes("dynamic/clickhouse"));
      assert.equal(objects.length, 38);
      for (const { inputs = {}, outputs = {} } of objects) {
        assert.match(
          String(inputs["__provider"]),
          /^exports\.handler=\(\)=>require\("pulumi-clickhouse-schema\/provider"\)\.\w+$/,
        );
        const known = [
          "__fingerprint",
          "__observed",
          "__over",
          "__owner",
          "__provider",
          "__server",
          "database",
          "deletion",
          "name",
          "qualifiedName",
          "statement",
        ];
        for (const key of [...Object.keys(inputs), ...Object.keys(outputs)]) assert.ok(known.includes(key), key);
      }
    });

    decidedBefore("fails at preview on a mistake, in the server's words, and changes nothing", async () => {
      const before = await fingerprint(target);
      stack.edit("logs.ts", '"ServiceName", "SeverityText"]', '"ServiceName", "SeverityTxt"]');
      const { code, text } = await stack.run(["preview"]);
      assert.notEqual(code, 0);
      assert.match(text, /SeverityTxt.*Did you mean `SeverityText`/s);
      const up = await stack.run(["up", "--yes", "--skip-preview"]);
      assert.notEqual(up.code, 0);
      assert.equal(await fingerprint(target), before);
      stack.edit("logs.ts", '"ServiceName", "SeverityTxt"]', '"ServiceName", "SeverityText"]');
      await stack.must(["preview", "--expect-no-changes"]);
    });

    decidedBefore(
      "refuses a change that loses a column at preview, names it and what to write, and changes nothing",
      async () => {
        const before = await fingerprint(target);
        stack.edit("logs.ts", "SpanId:", "SpanIdentifier:");
        const { code, text } = await stack.run(["preview"]);
        assert.notEqual(code, 0);
        assert.match(
          text,
          /drops-data: the values of SpanId .* If it becomes SpanIdentifier, set renamedFrom: "SpanId" there/,
        );
        assert.match(text, /allow: \["drops-data"\]/);
        assert.equal(await fingerprint(target), before);
        stack.edit("logs.ts", "SpanIdentifier:", "SpanId:");
      },
    );

    it("changes a base table's sorting key in place of its rows, with all views fed as before", async () => {
      await stack.must(["preview", "--expect-no-changes"]);
      const rows =
        "SELECT (SELECT count() FROM logs.logs_v1) AS a, (SELECT sum(log_count) FROM logs.log_volume_read) AS b";
      const insert =
        "INSERT INTO logs.logs_v1 (Timestamp, AccountId, ServiceName, Body) SELECT now(), 7, 'api', 'kept' FROM numbers(100)";
      await withServer(target, (connection) => connection.command(insert));
      const before = await withServer(target, (connection) => connection.query(rows));
      stack.edit(
        "logs.ts",
        'orderBy: ["AccountId", "ServiceName", "Timestamp"]',
        'orderBy: ["AccountId", "Timestamp"]',
      );
      const { text } = await stack.must(["up", "--yes", "--skip-preview"]);
      assert.match(text, /-- rebuild logs\.logs_v1/);
      assert.deepEqual(await withServer(target, (connection) => connection.query(rows)), before);
      await withServer(target, (connection) => connection.command(insert));
      await stack.must(["preview", "--expect-no-changes"]);
    });

    it("refuses to destroy tables that hold rows, and says how to allow it", async () => {
      await withServer(target, (connection) =>
        connection.command("INSERT INTO logs.logs_v1 (Timestamp, AccountId, Body) VALUES (now(), 7, 'kept')"),
      );
      const { code, text } = await stack.run(["destroy", "--yes", "--skip-preview"], {
        CLICKHOUSE_ALLOW_DROP: "false",
      });
      assert.notEqual(code, 0);
      assert.match(text, /\w+\.\w+_mv: not dropped, because \S+, which it reads or writes, holds rows/);
      assert.match(text, /CLICKHOUSE_ALLOW_DROP=\w+\.\w+ in the environment/);
      assert.doesNotMatch(text, /\bat \w+.*\.ts:\d+/, "a stack trace is shown");
      const [row] = await withServer(target, (connection) =>
        connection.query<{ n: string }>("SELECT count() AS n FROM logs.logs_v1"),
      );
      assert.equal(Number(row?.n), 201);
      const names = await withServer(target, async (connection) =>
        (await connection.query<{ name: string }>(NAMES)).map(({ name }) => name),
      );
      // The views of that table stay too: without them, later rows would be missing in the rollups.
      for (const name of ["logs.logs_v1", "logs.log_volume", "logs.log_volume_mv", "logs.data_ingestion_mv"])
        assert.ok(names.includes(name), name);
    });

    it("destroys them when the config allows it", async () => {
      await stack.must(["config", "set", "clickhouse:allowDrop", "true"]);
      await stack.must(["destroy", "--yes", "--skip-preview", "--run-program"]);
      const names = await withServer(target, (connection) => connection.query(NAMES));
      assert.deepEqual(names, []);
    });
  });
}

async function embedded(): Promise<Target> {
  const dir = mkdtempSync(path.join(tmpdir(), "obsfly-data-"));
  return { url: `chdb://${dir}/data`, stop: async () => rmSync(dir, { recursive: true, force: true }) };
}

async function server(): Promise<Target> {
  const started: TestServer = await startServer();
  return { url: started.url, stop: () => started.stop() };
}

async function withServer<T>(target: Target, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await openConnection({ url: target.url });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** Queries that the last process of the provider sent; its connection opens with one for the version. */
async function queriesOfLastRun(target: Target): Promise<number> {
  return withServer(target, async (connection) => {
    await connection.command("SYSTEM FLUSH LOGS");
    const log = "system.query_log WHERE type = 'QueryFinish' AND query_kind != 'System'";
    const opened = `SELECT max(event_time_microseconds) FROM ${log} AND query LIKE '%FROM system.databases%'`;
    const sql = `SELECT count() AS n FROM ${log} AND event_time_microseconds >= (${opened})`;
    const [row] = await connection.query<{ n: string }>(sql);
    return Number(row?.n);
  });
}

/** Everything that exists there, by text and identity. */
async function fingerprint(target: Target): Promise<string> {
  const sql =
    "SELECT sum(cityHash64(database, name, uuid, create_table_query)) AS hash FROM system.tables WHERE database NOT IN ('system')";
  const [row] = await withServer(target, (connection) => connection.query<{ hash: string }>(sql));
  return String(row?.hash);
}
