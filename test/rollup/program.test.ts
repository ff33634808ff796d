import assert from "node:assert/strict";
import { assertPresentable, byHand, namesIn, run } from "../e2e/support";
import { createProject, type Project } from "../support/pulumi";
import { startServer, type TestServer } from "../support/server";

const PROGRAM = `
const { Rollup, count, sum, min, avg, quantiles, uniq, derived } = clickhouse;
const db = new clickhouse.Database("shop");
const requests = new clickhouse.Table("requests", {
  database: db,
  columns: {
    Timestamp: "DateTime64(9, 'UTC')", Account: "UInt64", Days: "UInt16", Service: "LowCardinality(String)",
    Status: "UInt16", Latency: "Float64", User: "String",
  },
  orderBy: ["Account", "Timestamp"],
  partitionBy: ["toDate(Timestamp)", "Days"],
  ttl: "toDateTime(Timestamp) + toIntervalDay(least(Days, 18250))",
});
new Rollup("requests_minute", {
  source: requests,
  where: "Status != 0",
  keys: ["Account", "Service"],
  bucket: { name: "minute", every: "minute", time: "Timestamp" },
  measures: {
    requests: count(),
    errors: count({ if: "Status >= 500" }),
    fastest: min("Latency", { if: "Status < 500" }),
    total: sum("Latency"),
    mean: avg("Latency"),
    latency: quantiles({ p50: 0.5, p95: 0.95 }, "Latency"),
    users: uniq("User"),
    error_rate: derived("errors / requests"),
  },
  ttl: "inherit",
  settings: { merge_with_ttl_timeout: 86400 },
  cascade: ["hour", { every: "day", ttl: "3 years", name: "requests_daily", bucket: "day" }],
});
`;

/** Names that need quotes, several sources, one of them by its name only, and a key that may be NULL. */
const ODD = `
const { Rollup, count, sum, raw } = clickhouse;
const db = new clickhouse.Database("my db");
const columns = { "the time": "DateTime('UTC')", "it\`s": "Nullable(String)", "n n": "UInt8" };
const one = new clickhouse.Table("one", { database: db, columns, orderBy: [] });
const two = new clickhouse.Table("table", { database: db, columns, orderBy: [] });
new Rollup("odd rollup", {
  database: db,
  sources: {
    one: { source: one },
    "the other": { source: "\`my db\`.\`table\`", where: "\`n n\` > 1", measures: { "n n": sum("1 + \`n n\`") } },
  },
  keys: ["it\`s"],
  bucket: { name: "the time", every: "day", time: "\`the time\`" },
  measures: { "n n": sum("\`n n\`"), "select": count(), top: raw({ state: "topKState(2)(\`n n\`)", merge: "topKMerge(2)" }) },
  settings: { allow_nullable_key: 1 },
}, { dependsOn: two });
`;

const ROWS = `
  INSERT INTO shop.requests SELECT
    toDateTime64(today() - 1, 9, 'UTC') + toIntervalSecond(intDiv(number, 4) * 120), 1 + number % 2, 30 + number % 2, 'web', number % 5 = 0 ? 500 : 200,
    number, toString(number % 7) FROM numbers(400)`;

describe("Rollup, with the real CLI", function () {
  this.timeout(180_000);
  let server: TestServer;
  let project: Project;

  before(async () => {
    server = await startServer();
    project = await createProject({ config: { "clickhouse:url": server.url, "clickhouse:allow": "drops-data" } });
  });

  after(async () => {
    project?.remove();
    await server?.stop();
  });

  it("declares tables, views and read views, whose second preview is empty", async () => {
    project.write(PROGRAM);
    const preview = await project.must(["preview", "--diff"]);
    assertPresentable(preview.text);
    const json = await project.must(["preview", "--json"]);
    assert.match(json.stdout, /`fastest` SimpleAggregateFunction\(min, Nullable\(Float64\)\)/);
    await project.must(["up", "--yes", "--skip-preview"]);
    assert.deepEqual(await namesIn(server.url, "shop"), [
      "requests",
      "requests_daily",
      "requests_daily_mv",
      "requests_daily_read",
      "requests_minute",
      "requests_minute_hour",
      "requests_minute_hour_mv",
      "requests_minute_hour_read",
      "requests_minute_mv",
      "requests_minute_read",
    ]);
    await project.must(["preview", "--expect-no-changes"]);
    await project.must(["refresh", "--yes", "--skip-preview"]);
    await project.must(["preview", "--expect-no-changes"]);
  });

  it("shows the right numbers on every level, before merges and after", async () => {
    await run(server.url, "SYSTEM STOP MERGES", ROWS, ROWS, "SYSTEM START MERGES");
    for (const round of ["before merges", "after merges"]) {
      for (const [view, bucket] of [
        ["requests_minute_read", "minute"],
        ["requests_minute_hour_read", "minute"],
        ["requests_daily_read", "day"],
      ] as const) {
        const width = { requests_minute_read: "Minute", requests_minute_hour_read: "Hour" }[view as string] ?? "Day";
        const [row] = await byHand(server.url, (connection) =>
          connection.query<{ wrong: string; rows: string }>(`
            SELECT count() AS rows, countIf(t.requests != r.requests OR t.errors != r.errors OR t.total != r.total OR t.mean != r.mean
              OR t.users != r.users OR NOT (t.fastest <=> r.fastest) OR t.p95 != r.p95
              OR t.errors / t.requests != r.error_rate) AS wrong
            FROM (SELECT Account, Service, toStartOf${width}(Timestamp) AS b, count() AS requests, countIf(Status = 500) AS errors,
              sum(Latency) AS total, avg(Latency) AS mean, uniqExact(User) AS users, minOrNullIf(Latency, Status != 500) AS fastest,
              quantileBFloat16(0.95)(Latency) AS p95 FROM shop.requests GROUP BY ALL) AS t
            FULL JOIN shop.${view} AS r ON t.Account = r.Account AND t.Service = r.Service AND t.b = toDateTime(r.${bucket}, 'UTC')`),
        );
        assert.deepEqual({ view, round, wrong: row?.wrong }, { view, round, wrong: "0" });
        assert.ok(Number(row?.rows) > 1);
      }
      for (const table of ["requests_minute", "requests_minute_hour", "requests_daily"])
        await run(server.url, `OPTIMIZE TABLE shop.${table} FINAL`);
    }
  });

  it("reads only what a filter on keys and bucket asks for", async () => {
    const plan = await byHand(server.url, (connection) =>
      connection.query<{ explain: string }>(
        "EXPLAIN indexes = 1 SELECT * FROM shop.requests_minute_read WHERE Account = 1 AND Service = 'web' AND minute > now() - 60",
      ),
    );
    const text = plan.map((row) => row.explain).join("\n");
    const used = /PrimaryKey\s+Keys:\s+([\s\S]*?)\s+Condition:/.exec(text)?.[1]?.split(/\s+/) ?? [];
    assert.deepEqual(used.sort(), ["Account", "Service", "minute"]);
  });

  it("follows the source's TTL in key and TTL of every level that inherits it", async () => {
    const statement = async (table: string): Promise<string> => {
      const [row] = await byHand(server.url, (c) => c.query<{ statement: string }>(`SHOW CREATE TABLE shop.${table}`));
      return row?.statement ?? "";
    };
    const minute = await statement("requests_minute");
    assert.match(minute, /ORDER BY \(Account, Service, minute, Days\)/);
    assert.match(minute, /TTL toDateTime\(minute \+ toIntervalMinute\(1\)\) \+ toIntervalDay\(least\(Days, 18250\)\)/);
    const hour = await statement("requests_minute_hour");
    assert.match(hour, /TTL toDateTime\(minute \+ toIntervalHour\(1\)\) \+ toIntervalDay\(least\(Days, 18250\)\)/);
    const day = await statement("requests_daily");
    assert.match(day, /ORDER BY \(Account, Service, day\)\nTTL \(day \+ toIntervalDay\(1\)\) \+ toIntervalYear\(3\)/);
  });

  it("changes with its arguments and its source, keeping rows", async () => {
    project.write(
      PROGRAM.replace("requests: count(),", 'requests: count(), slowest: clickhouse.max("Latency"),').replaceAll(
        "18250",
        "9000",
      ),
    );
    const preview = await project.must(["preview", "--diff"]);
    assertPresentable(preview.text);
    await project.must(["up", "--yes", "--skip-preview"]);
    await project.must(["preview", "--expect-no-changes"]);
    await run(server.url, ROWS);
    const [row] = await byHand(server.url, (connection) =>
      connection.query<{ n: string; slowest: number }>(
        "SELECT sum(requests) AS n, max(slowest) AS slowest FROM shop.requests_daily_read",
      ),
    );
    assert.deepEqual(row, { n: "1200", slowest: 399 });
  });

  it("says what is wrong with its arguments before anything happens", async () => {
    project.write(
      PROGRAM.replace('every: "minute"', 'every: "7 minutes"').replace("quantiles({ p50: 0.5", "quantiles({ p50: 50"),
    );
    const failed = await project.run(["preview"]);
    assert.notEqual(failed.code, 0);
    assertPresentable(failed.text);
    assert.match(
      failed.text,
      /Rollup requests_minute: bucket\.every: expected a number of minutes that divides 60, found 7/,
    );
    assert.match(failed.text, /Rollup requests_minute: measures\.latency: expected one or more levels from 0 to 1/);
  });

  it("says what is wrong once the source is known", async () => {
    project.write(PROGRAM.replace('ttl: "toDateTime(Timestamp) + toIntervalDay(least(Days, 18250))",', ""));
    const failed = await project.run(["preview"]);
    assert.notEqual(failed.code, 0);

    assertPresentable(failed.text);
    assert.match(failed.text, /Rollup requests_minute: ttl: "inherit" finds no TTL on shop\.requests/);
  });

  it("removes a measure in two runs: the views first, because the server drops no column that they read", async () => {
    project.write(PROGRAM);
    const refused = await project.run(["preview"]);
    assert.notEqual(refused.code, 0);
    assert.match(refused.text, /requests_minute_mv reads slowest[\s\S]*change the view in an earlier run/);
    const views = ["--target", "**_mv", "--target", "**_read"];
    await project.must(["up", "--yes", "--skip-preview", ...views]);
    await project.must(["up", "--yes", "--skip-preview"]);
    await project.must(["preview", "--refresh", "--expect-no-changes"]);
    const [row] = await byHand(server.url, (connection) =>
      connection.query<{ n: string }>("SELECT sum(requests) AS n FROM shop.requests_daily_read"),
    );
    assert.deepEqual(row, { n: "1200" });
  });

  it("takes any names, several sources, and a key that may be NULL where that is allowed", async () => {
    project.write(
      PROGRAM +
        ODD.replace("const { Rollup, count, sum, raw } = clickhouse;", "const { raw } = clickhouse;")
          .replace("const db", "const other")
          .replaceAll("database: db", "database: other"),
    );
    await project.must(["up", "--yes", "--skip-preview"]);
    await project.must(["preview", "--expect-no-changes"]);
    const insert =
      "VALUES ('2026-01-01 10:00:00', NULL, 200), ('2026-01-01 11:00:00', NULL, 100), ('2026-01-02 11:00:00', 'a', 1)";
    await run(server.url, `INSERT INTO \`my db\`.one ${insert}`, `INSERT INTO \`my db\`.\`table\` ${insert}`);
    const rows = await byHand(server.url, (connection) =>
      connection.query("SELECT * FROM `my db`.`odd rollup_read` ORDER BY ALL"),
    );
    assert.deepEqual(rows, [
      { "it`s": "a", "the time": "2026-01-02", "n n": "1", select: "1", top: [1] },
      { "it`s": null, "the time": "2026-01-01", "n n": "602", select: "4", top: [200, 100] },
    ]);
  });
});
