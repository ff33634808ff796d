import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { sharedServer } from "../support/server";
import { Bench } from "../verify/bench";

const CLI = path.resolve(__dirname, "../../provider/bin/clickhouse-schema.js");

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe("clickhouse-schema verify", () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.open();
    await bench.create(
      "(k LowCardinality(String), b DateTime('UTC'), c SimpleAggregateFunction(sum, UInt64), x SimpleAggregateFunction(any, Int64))",
      "ENGINE = AggregatingMergeTree PARTITION BY toYYYYMM(b) ORDER BY (k, b)",
      "SELECT k, toStartOfHour(ts) AS b, count() AS c, any(v) AS x FROM @.s GROUP BY k, b",
    );
    await bench.run(
      "CREATE TABLE @.days (d Date, c SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree ORDER BY d",
      "CREATE MATERIALIZED VIEW @.days_mv TO @.days AS SELECT toDate(b) AS d, sum(c) AS c FROM @.t GROUP BY d",
      "CREATE TABLE @.n AS @.s ENGINE = Null",
      "CREATE TABLE @.nothing AS @.t",
      "CREATE MATERIALIZED VIEW @.n_mv TO @.nothing AS SELECT k, toStartOfHour(ts) AS b, count() AS c FROM @.n GROUP BY k, b",
    );
    await bench.insert(0, 900);
  });
  afterEach(() => bench.close());

  async function cli(...args: readonly string[]): Promise<Outcome> {
    const { url } = await sharedServer();
    const all = [CLI, "verify", "--url", url, ...args.map((arg) => arg.replaceAll("@", bench.database))];
    return new Promise((resolve) => {
      execFile(process.execPath, all, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  }

  /** Nine rows that no view sees. */
  async function miss(): Promise<void> {
    await bench.run(
      "DETACH TABLE @.mv SYNC",
      "INSERT INTO @.s SELECT '2026-03-04 12:30:00', number, 'k9', 1, 1.5, NULL, 30 FROM numbers(9)",
      "ATTACH TABLE @.mv",
    );
  }

  it("prints a table and ends with 0 when all is equal, with what it does not compare", async () => {
    const { code, stderr, stdout } = await cli("--database", "@");
    assert.deepEqual([code, stderr], [0, ""]);
    const text = stdout.replaceAll(bench.database, "db").replace(/ +\d+\.\d(?= )/g, " 0.0");
    assert.match(text, /^target +buckets +equal +unproven +different +left out +seconds +verdict\n/);
    assert.match(text, /\ndb\.t +96 +96 +0 +0 +0 +0\.0 +equal\n/);
    assert.match(
      text,
      /\nNot verifiable:\n {2}db\.n_mv → db\.nothing: reads n \(Null\), which keeps no rows to compare with\n/,
    );
    assert.match(text, /\ndb\.t, by b\n {2}not compared: x: /);
    assert.match(text, /\n0 difference\(s\) in 100 bucket\(s\) of 2 target\(s\)\.\n$/);
  });

  it("ends with 1 and names what differs; --repair fixes it, and what it feeds is compared after", async () => {
    await miss();
    const found = await cli("@.mv");
    assert.equal(found.code, 1, found.stderr);
    assert.match(
      found.stdout,
      /2026-03-04 12:00:00: 1 key\(s\) differ, 1 missing, e\.g\. \('k9','2026-03-04 12:00:00'\)/,
    );
    const alone = await cli("@.mv", "--repair");
    assert.equal(alone.code, 0, alone.stdout + alone.stderr);
    assert.match(alone.stdout, /repaired 1 bucket\(s\) in 1 partition\(s\)/);
    assert.match(
      alone.stderr,
      /A repair triggers no views\. Fed by what was repaired, and not compared here: \S+\.days; verify these too\./,
    );
    const all = await cli("--database", "@", "--repair");
    assert.equal(all.code, 0, all.stdout + all.stderr);
    assert.match(all.stdout, /days, by d\n {2}repaired 1 bucket\(s\)/);
    const again = await cli("--database", "@", "--repair");
    assert.equal(again.code, 0);
    assert.doesNotMatch(again.stdout, /repaired/);
  });

  it("ends with 1 where equality proves nothing, because a merge of the source changes it, and says so", async () => {
    await bench.run(
      "CREATE TABLE @.orders (id UInt64, d Date, amount UInt64, ver UInt64) ENGINE = ReplacingMergeTree(ver) ORDER BY id",
      "CREATE TABLE @.revenue (d Date, total SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree ORDER BY d",
      "CREATE MATERIALIZED VIEW @.revenue_mv TO @.revenue AS SELECT d, sum(amount) AS total FROM @.orders GROUP BY d",
      "SYSTEM STOP MERGES @.orders",
      "INSERT INTO @.orders VALUES (1, '2026-03-01', 100, 1)",
      "INSERT INTO @.orders VALUES (1, '2026-03-01', 120, 2)",
    );
    const { code, stdout } = await cli("@.revenue");
    assert.equal(code, 1, stdout);
    assert.match(stdout, /revenue +1 +0 +1 +0 +0 +\d+\.\d +unproven\n/);
    assert.match(
      stdout,
      /0 difference\(s\) in 1 bucket\(s\) of 1 target\(s\), 1 bucket\(s\) unproven: equal only until parts of their sources merge\.\n$/,
    );
    const json = await cli("@.revenue", "--json");
    assert.equal(json.code, 1);
    const { targets } = JSON.parse(json.stdout) as { targets: { verdict: string; equal: number; unproven: number }[] };
    const found = targets.map(({ equal, unproven, verdict }) => [verdict, equal, unproven]);
    assert.deepEqual(found, [["unproven", 0, 1]]);
    await bench.run("SYSTEM START MERGES @.orders", "OPTIMIZE TABLE @.orders FINAL");
    const merged = await cli("@.revenue");
    assert.equal(merged.code, 1);
    assert.match(merged.stdout, /revenue +1 +0 +0 +1 +0 +\d+\.\d +unproven\n/);
    assert.match(merged.stdout, /, 1 more in targets whose truth may rightly differ\.\n$/);
    await bench.run("DROP TABLE @.revenue_mv", "DROP TABLE @.revenue", "DROP TABLE @.orders");
  });

  it("prints JSON", async () => {
    await miss();
    const { code, stdout } = await cli(
      "--database",
      "@",
      "--json",
      "--from",
      "2026-03-04 12:00",
      "--to",
      "2026-03-04T13:00Z",
    );
    assert.equal(code, 1);
    const { targets } = JSON.parse(stdout) as { targets: { target: string; verdict: string; compared: number }[] };
    assert.deepEqual(
      targets.map(({ compared, target, verdict }) => [target.replace(bench.database, "db"), verdict, compared]),
      [
        ["db.t", "different", 1],
        // Its bucket is the whole day.
        ["db.days", "equal", 1],
        ["db.nothing", "not verifiable", 0],
      ],
    );
  });

  it("ends with 2 for a view that is not there, and for a time that is none", async () => {
    const missing = await cli("@.nobody");
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /nobody: is no materialized view, and no target of one/);
    const time = await cli("--from", "yesterday");
    assert.equal(time.code, 2);
    assert.match(time.stderr, /expected a time like 2026-03-01/);
  });
});
