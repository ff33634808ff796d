import assert from "node:assert/strict";
import type { Connection, QueryParams } from "../../provider/src/connection/connection";
import { TimeoutError } from "../../provider/src/connection/errors";
import { verify } from "../../provider/src/verify";
import { groupSettings } from "../../provider/src/verify/group-settings";
import { Bench } from "./bench";

const HOURLY = "ENGINE = AggregatingMergeTree PARTITION BY toDate(b) ORDER BY (k, b)";
const COUNTS = "(k LowCardinality(String), b DateTime('UTC'), c SimpleAggregateFunction(sum, UInt64))";
const COUNT = "SELECT k, toStartOfHour(ts) AS b, count() AS c FROM @.s GROUP BY k, b";

describe("verify", () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.open();
  });
  afterEach(() => bench.close());

  /** Rows of the source that the view does not see. */
  async function unseen(sql: string): Promise<void> {
    await bench.run("DETACH TABLE @.mv SYNC", sql, "ATTACH TABLE @.mv");
  }

  it("adds up what a SummingMergeTree sums, in the column's own type, and takes rows of zeros for none", async () => {
    await bench.create(
      "(k LowCardinality(String), b DateTime('UTC'), small UInt8, s Int64, note String)",
      "ENGINE = SummingMergeTree((small, s)) ORDER BY (k, b)",
      "SELECT k, toStartOfDay(ts) AS b, sum(id) AS small, sum(v - v) AS s, any(k) AS note FROM @.s GROUP BY k, b",
    );
    for (const at of [0, 900]) await bench.insert(at, 900);
    const report = await bench.verify();
    assert.equal(report.verdict, "equal", JSON.stringify(report));
    assert.deepEqual(report.omitted, [
      { column: "note", reason: "no part of the sorting key: merges keep the value of any row" },
    ]);
    await bench.run("OPTIMIZE TABLE @.t FINAL");
    assert.equal((await bench.verify()).verdict, "equal");
    await bench.run("INSERT INTO @.t VALUES ('k1', '2026-03-01 00:00:00', 1, 0, '')");
    const [difference] = (await bench.verify()).differences;
    assert.equal(difference?.columns[0]?.column, "small");
  });

  it("takes the newest version of a ReplacingMergeTree's rows, and any of those of the same version", async () => {
    await bench.create(
      "(k LowCardinality(String), b DateTime('UTC'), v Int64, f Float64, id UInt64)",
      "ENGINE = ReplacingMergeTree(id) PARTITION BY toDate(b) ORDER BY (k, b)",
      "SELECT k, toStartOfHour(ts) AS b, v, f, intDiv(id, 10) AS id FROM @.s",
    );
    for (const at of [0, 900]) await bench.insert(at, 900);
    assert.equal((await bench.verify()).verdict, "equal");
    await bench.run("OPTIMIZE TABLE @.t FINAL");
    assert.equal((await bench.verify()).verdict, "equal");
    await unseen("INSERT INTO @.s SELECT '2026-03-01 10:00:00', 9999999, 'k1', -77, 1, NULL, 30");
    const [difference, ...rest] = (await bench.verify()).differences;
    assert.equal(rest.length, 0);
    const found = difference?.columns.find(({ column }) => column === "v");
    assert.equal(found?.expected, "(-77)");
  });

  it("takes the views of one target together", async () => {
    await bench.create(
      "(k LowCardinality(String), b DateTime('UTC'), c SimpleAggregateFunction(sum, UInt64), m SimpleAggregateFunction(max, Nullable(Int64)))",
      HOURLY,
      COUNT,
    );
    await bench.run(
      "CREATE TABLE @.s2 AS @.s",
      "CREATE MATERIALIZED VIEW @.mv2 TO @.t AS SELECT k, toStartOfHour(ts) AS b, max(v) AS m FROM @.s2 GROUP BY k, b",
    );
    await bench.insert(0, 900);
    await bench.insert(0, 900, "2026-03-02", "s2");
    const report = await bench.verify();
    assert.equal(report.verdict, "equal", JSON.stringify(report));
    assert.deepEqual(report.views.length, 2);
    assert.equal(report.compared, 120);
  });

  it("reads an inner table, and finds that a view which reads a view by its name gets no rows", async () => {
    await bench.run(
      "CREATE TABLE @.s (ts DateTime64(3, 'UTC'), id UInt64, k LowCardinality(String), v Int64, f Float64, n Nullable(Int32), r UInt16) ENGINE = MergeTree ORDER BY ts",
      `CREATE MATERIALIZED VIEW @.mv ${HOURLY.replace("AggregatingMergeTree", "SummingMergeTree")} AS ${COUNT}`,
      "CREATE MATERIALIZED VIEW @.daily ENGINE = SummingMergeTree ORDER BY (k, d) AS SELECT k, toDate(b) AS d, sum(c) AS c FROM @.mv GROUP BY k, d",
    );
    await bench.insert(0, 900);
    assert.equal((await bench.verify({}, "mv")).verdict, "equal");
    const daily = await bench.verify({}, "daily");
    assert.equal(daily.verdict, "different", JSON.stringify(daily));
    assert.equal(daily.bucket, "d");
    assert.deepEqual(
      daily.differences.map(({ keys, missing }) => [keys, missing]),
      [0, 1, 2, 3].map(() => [5, 5]),
    );
  });

  it("holds a cascade against the table it reads, merged or not", async () => {
    await bench.create(
      "(k LowCardinality(String), b DateTime('UTC'), c SimpleAggregateFunction(sum, UInt64), u AggregateFunction(uniqExact, UInt64))",
      HOURLY,
      "SELECT k, toStartOfHour(ts) AS b, count() AS c, uniqExactState(id) AS u FROM @.s GROUP BY k, b",
    );
    await bench.run(
      "CREATE TABLE @.days (k LowCardinality(String), d Date, c SimpleAggregateFunction(sum, UInt64), u AggregateFunction(uniqExact, UInt64)) ENGINE = AggregatingMergeTree ORDER BY (k, d)",
      "CREATE MATERIALIZED VIEW @.days_mv TO @.days AS SELECT k, toDate(b) AS d, sum(c) AS c, uniqExactMergeState(u) AS u FROM @.t GROUP BY k, d",
      "CREATE TABLE @.rows (k LowCardinality(String), d Date, n SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree ORDER BY (k, d)",
      "CREATE MATERIALIZED VIEW @.rows_mv TO @.rows AS SELECT k, toDate(b) AS d, count() AS n FROM @.t GROUP BY k, d",
    );
    for (const at of [0, 900]) await bench.insert(at, 900);
    await bench.run("OPTIMIZE TABLE @.t FINAL");
    const days = await bench.verify({}, "days");
    assert.equal(days.verdict, "equal", JSON.stringify(days));
    // Counts the rows of a table whose rows merges make fewer.
    const rows = await bench.verify({}, "rows");
    assert.equal(rows.verdict, "unproven");
    assert.match(
      rows.inexact.join(),
      /t \(AggregatingMergeTree\): count\(\) counts the partial rows, not what they stand for/,
    );
  });

  it("does not call equal what is equal only until the source merges", async () => {
    await bench.create(
      "(k LowCardinality(String), b DateTime('UTC'), slow SimpleAggregateFunction(max, UInt64))",
      HOURLY,
      "SELECT k, toStartOfHour(ts) AS b, max(id) AS slow FROM @.s GROUP BY k, b",
    );
    await bench.run(
      "CREATE TABLE @.latest (id UInt64, d Date, v UInt64) ENGINE = ReplacingMergeTree(v) ORDER BY (id, d)",
      "CREATE TABLE @.totals (d Date, n SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree ORDER BY d",
      "CREATE MATERIALIZED VIEW @.totals_mv TO @.totals AS SELECT d, sum(v) AS n FROM @.latest GROUP BY d",
      "CREATE TABLE @.days (d Date, slow SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree ORDER BY d",
      "CREATE MATERIALIZED VIEW @.days_mv TO @.days AS SELECT toDate(b) AS d, sum(slow) AS slow FROM @.t GROUP BY d",
    );
    await bench.insert(0, 900);
    await bench.run("INSERT INTO @.latest VALUES (1, '2026-03-02', 1)");
    for (const [target, why] of [
      ["totals", /latest \(ReplacingMergeTree\): the view has seen rows that merges have taken away/],
      ["days", /t \(AggregatingMergeTree\): sum\(\) reads `slow`, whose rows are combined by max\(\)/],
    ] as const) {
      const report = await bench.verify({}, target);
      const { differences, equal, unproven, verdict } = report;
      assert.deepEqual([verdict, differences.length, equal], ["unproven", 0, 0], JSON.stringify(report));
      assert.ok(unproven > 0);
      assert.match(report.inexact.join(), why);
    }
  });

  it("compares a window, and a sample", async () => {
    await bench.create(COUNTS, HOURLY, COUNT);
    await bench.insert(0, 3000);
    await unseen("INSERT INTO @.s SELECT '2026-03-02 10:00:00', 1, 'k1', 1, 1, NULL, 30");
    const day = (text: string): number => Date.parse(`${text}Z`);
    const outside = await bench.verify({ from: day("2026-03-02T11:00:00"), to: day("2026-03-04T00:00:00") });
    assert.deepEqual([outside.verdict, outside.compared], ["equal", 37]);
    const inside = await bench.verify({ from: day("2026-03-02T10:00:00"), to: day("2026-03-02T12:00:00") });
    assert.deepEqual([inside.verdict, inside.compared, inside.differences.length], ["different", 2, 1]);
    const sample = await bench.verify({ sample: 7, from: day("2026-03-03T00:00:00") });
    assert.deepEqual([sample.verdict, sample.compared], ["equal", 7]);
  });

  it("cuts a long history into windows, and misses no bucket between them", async () => {
    await bench.create(COUNTS, HOURLY, COUNT);
    await bench.insert(0, 3000);
    await bench.run("ALTER TABLE @.t DROP PARTITION '2026-03-02'");
    const windows: number[] = [];
    const report = await bench.verify({ windowRows: 100, onProgress: ({ window }) => void windows.push(window) });
    assert.ok(windows.length > 1, String(windows));
    assert.equal(report.compared, 96);
    assert.equal(report.differences.length, 24);
    assert.ok(report.differences.every(({ keys, missing }) => keys === missing));
  });

  it("keeps to the threads that it is given", async () => {
    await bench.create(COUNTS, HOURLY, COUNT);
    await bench.insert(0, 300);
    assert.equal((await bench.verify({ maxThreads: 1 })).verdict, "equal");
    assert.match(groupSettings(bench, { maxThreads: 1 }), / max_threads = 1,/);
    assert.doesNotMatch(groupSettings(bench, {}), /max_threads/);
  });

  it("cuts a window that does not fit into memory", async () => {
    await bench.create(COUNTS.replace("LowCardinality(String)", "UInt64"), HOURLY, COUNT.replaceAll("k,", "id AS k,"));
    await bench.run(
      "INSERT INTO @.s SELECT toDateTime64('2026-03-01 00:00:00', 3, 'UTC') + toIntervalMinute(number % 5760), number, '', 1, 1, NULL, 30 FROM numbers(600000) SETTINGS max_partitions_per_insert_block = 0",
    );
    const report = await bench.verify({ maxMemory: 70e6 });
    assert.deepEqual([report.verdict, report.compared], ["equal", 96]);
    await assert.rejects(bench.verify({ maxMemory: 1e6 }), /its smallest window does not fit into 1000000 bytes/);
  });

  it("cuts windows that take longer than a statement may, and those after them before they are tried", async () => {
    await bench.create(COUNTS.replace("LowCardinality(String)", "UInt64"), HOURLY, COUNT.replaceAll("k,", "id AS k,"));
    await bench.insert(0, 6000);
    const whole = await bench.verify();
    const asked: string[] = [];
    const slow: Connection = Object.create(bench.connection, {
      query: {
        value: (sql: string, params: QueryParams) => {
          if (/ AS different\b/.test(sql)) asked.push(sql);
          const isFirst = asked.length === 1 && asked[0] === sql;
          return isFirst
            ? Promise.reject(new TimeoutError("no answer within 1 s", ""))
            : bench.connection.query(sql, params);
        },
      },
    });
    const [report] = await verify(slow, { names: [`${bench.database}.t`] });
    assert.ok(asked.length > 2);
    assert.deepEqual(
      [report?.verdict, report?.compared, report?.differences],
      [whole.verdict, whole.compared, whole.differences],
    );
  });

  it("leaves out what has expired on either side, key by key", async () => {
    await bench.create(
      COUNTS.replace("c Simple", "r UInt16, c Simple"),
      "ENGINE = AggregatingMergeTree PARTITION BY toDate(b) ORDER BY (k, b, r) TTL b + toIntervalHour(1) + toIntervalDay(r)",
      "SELECT k, toStartOfHour(ts) AS b, r, count() AS c FROM @.s GROUP BY k, b, r",
      "ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (k, ts) TTL toDateTime(ts) + toIntervalDay(r)",
    );
    await bench.run("SYSTEM STOP MERGES @.s", "SYSTEM STOP MERGES @.t");
    // An account that keeps rows for a day, and one that keeps them for ten thousand.
    const insert =
      "INSERT INTO @.s SELECT toDateTime('2026-03-01 00:00:00', 'UTC') + number * 60, number, 'k', 1, 1, NULL, ";
    await bench.run(`${insert} 1 FROM numbers(600)`, `${insert} 10000 FROM numbers(600)`);
    assert.equal((await bench.verify()).verdict, "equal");
    await bench.run("SYSTEM START MERGES @.s", "OPTIMIZE TABLE @.s FINAL");
    assert.deepEqual(await bench.rows("SELECT toString(count()) AS n FROM @.s"), [{ n: "600" }]);
    const report = await bench.verify();
    assert.equal(report.verdict, "equal", JSON.stringify(report));
    assert.equal(report.compared, 10);
    assert.match(
      report.notes.join("; "),
      /rows may have expired by \S+Z: 0 bucket\(s\) left out, 10 compared without the keys concerned/,
    );
    // What has not expired is compared still.
    await bench.run("INSERT INTO @.t VALUES ('k', '2026-03-01 05:00:00', 10000, 1)");
    assert.equal((await bench.verify()).differences.length, 1);
  });

  it("leaves out buckets older than the shortest retention, where the target does not know whose rows they were", async () => {
    await bench.create(
      COUNTS,
      HOURLY,
      COUNT,
      "ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (k, ts) TTL toDateTime(ts) + toIntervalDay(r)",
    );
    const insert = (days: string): string =>
      `INSERT INTO @.s SELECT now() - toIntervalHour(number * 12), number, 'k', 1, 1, NULL, ${days} FROM numbers(20)`;
    await bench.run(insert("3"), insert("1000"), "OPTIMIZE TABLE @.s FINAL");
    const report = await bench.verify();
    assert.equal(report.verdict, "equal", JSON.stringify(report));
    assert.ok(report.compared >= 5 && report.compared <= 7, String(report.compared));
    assert.ok(report.leftOut >= 13, String(report.leftOut));
  });

  it("leaves out buckets older than the source's oldest row", async () => {
    await bench.create(COUNTS, HOURLY, COUNT);
    await bench.insert(0, 3000);
    await bench.run("ALTER TABLE @.s DROP PARTITION '2026-03-01'");
    const report = await bench.verify();
    assert.deepEqual([report.verdict, report.compared, report.leftOut], ["equal", 72, 24], JSON.stringify(report));
  });

  const REASONS: readonly (readonly [what: string, source: string, select: string, reason: RegExp])[] = [
    ["a source that keeps nothing", "ENGINE = Null", COUNT, /reads s \(Null\), which keeps no rows/],
    [
      "a view with chance in it",
      "ENGINE = MergeTree ORDER BY ts",
      COUNT.replace("count()", "sum(rand() % 2)"),
      /calls rand\(\)/,
    ],
    ["a view with a LIMIT", "ENGINE = MergeTree ORDER BY ts", `${COUNT} LIMIT 3`, /has a LIMIT/],
    ["a view with HAVING", "ENGINE = MergeTree ORDER BY ts", `${COUNT} HAVING c > 3`, /has HAVING/],
  ];
  for (const [what, source, select, reason] of REASONS) {
    it(`does not compare ${what}, and says why`, async () => {
      await bench.create(COUNTS, HOURLY, select, source);
      await bench.insert(0, 10);
      const report = await bench.verify();
      assert.equal(report.verdict, "not verifiable");
      assert.match(report.reason ?? "", reason);
    });
  }

  it("marks a join as inexact, and does not call its differences certain", async () => {
    await bench.run("CREATE TABLE @.names (k String, name String) ENGINE = MergeTree ORDER BY k");
    await bench.create(
      COUNTS,
      HOURLY,
      "SELECT s.k AS k, toStartOfHour(s.ts) AS b, count() AS c FROM @.s AS s INNER JOIN @.names AS n ON s.k = n.k GROUP BY k, b",
    );
    await bench.insert(0, 100);
    await bench.run("INSERT INTO @.names VALUES ('k1', 'one')");
    const report = await bench.verify();
    assert.equal(report.verdict, "inexact", JSON.stringify(report));
    assert.match(report.inexact.join(), /joins .*names, as it was at each insert/);
  });

  it("raises no alarm while rows are written", async () => {
    await bench.create(COUNTS, HOURLY, COUNT);
    let over = false;
    const writer = (async () => {
      for (let at = 0; !over; at += 50) await bench.insert(at, 50);
    })();
    for (let look = 0; look < 5; look++) assert.deepEqual((await bench.verify()).differences, []);
    over = true;
    await writer;
  });

  it("waits for a backfill to end before it compares", async () => {
    await bench.create(COUNTS, HOURLY, COUNT);
    await bench.insert(0, 100);
    await bench.run(
      "CREATE TABLE @._schema_ops (op String, key String, value String, ver UInt64) ENGINE = ReplacingMergeTree(ver) ORDER BY (op, key)",
    );
    const plan = {
      kind: "backfill",
      from: { database: bench.database, name: "mv" },
      to: { database: bench.database, name: "mv" },
      startedAt: 1,
    };
    const lines = [{ op: "b1", key: "plan", value: JSON.stringify(plan), ver: 1 }];
    await bench.connection.insert(`${bench.database}._schema_ops`, lines);
    const report = await bench.verify();
    assert.equal(report.verdict, "not verifiable");
    assert.match(report.reason ?? "", /operation b1 \(backfill\) around it is unfinished/);
  });

  it("names what it does not find", async () => {
    await bench.create(COUNTS, HOURLY, COUNT);
    await assert.rejects(
      bench.verify({ names: ["nowhere.nothing"] }),
      /nowhere\.nothing: is no materialized view, and no target of one; write database\.view\. Found .*mv/,
    );
  });
});
