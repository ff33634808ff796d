import assert from "node:assert/strict";
import { unfinishedOperations } from "../../provider/src/apply/operations";
import { abort, resume } from "../../provider/src/operation/engine";
import { loadSubjects, type Verified, verifySubject } from "../../provider/src/verify/index";
import { REPAIR, repairTarget } from "../../provider/src/verify/repair/index";
import { Bench } from "../verify/bench";
import { Crash, dyingAt } from "./runs";

const COLUMNS =
  "(k LowCardinality(String), b DateTime('UTC'), c SimpleAggregateFunction(sum, UInt64), s AggregateFunction(sum, Int64), " +
  "q AggregateFunction(quantilesTDigest(0.5, 0.99), Float64), u AggregateFunction(uniqExact, UInt64), " +
  "l AggregateFunction(argMax, UInt64, DateTime64(3, 'UTC')), x SimpleAggregateFunction(any, Int64))";
const SELECT =
  "SELECT k, toStartOfHour(ts) AS b, count() AS c, sumState(v) AS s, quantilesTDigestState(0.5, 0.99)(f) AS q, " +
  "uniqExactState(id) AS u, argMaxState(id, ts) AS l, any(v) AS x FROM @.s GROUP BY k, b";

/** Partitions of a target, from as fine as its buckets to none. */
const LAYOUTS: readonly (readonly [name: string, storage: string])[] = [
  ["a partition a bucket", "ENGINE = AggregatingMergeTree PARTITION BY b ORDER BY (k, b)"],
  ["a partition a day", "ENGINE = AggregatingMergeTree PARTITION BY toDate(b) ORDER BY (k, b)"],
  ["a partition a month and key", "ENGINE = AggregatingMergeTree PARTITION BY (toYYYYMM(b), k) ORDER BY (k, b)"],
  ["no partitions", "ENGINE = AggregatingMergeTree ORDER BY (k, b)"],
];

describe("repairing a target", () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.open();
  });
  afterEach(() => bench.close());

  async function verified(target = "t"): Promise<Verified> {
    const subjects = await loadSubjects(bench.connection, { names: [`${bench.database}.${target}`] });
    assert.ok(subjects[0]);
    return verifySubject(bench.connection, subjects[0]);
  }

  /** One hour doubled, one emptied, one of which the view has missed rows. */
  async function damage(): Promise<void> {
    const many = "SETTINGS max_partitions_per_insert_block = 0";
    await bench.run(
      "CREATE TABLE @.dup AS @.t",
      `INSERT INTO @.dup SELECT * FROM @.t ${many}`,
      "TRUNCATE TABLE @.t",
      `INSERT INTO @.t SELECT * FROM @.dup WHERE b != '2026-03-03 11:00:00' ${many}`,
      `INSERT INTO @.t SELECT * FROM @.dup WHERE b = '2026-03-02 10:00:00' ${many}`,
      "DROP TABLE @.dup SYNC",
      "DETACH TABLE @.mv SYNC",
      "INSERT INTO @.s SELECT '2026-03-04 12:30:00', number + 900000, 'k9', 1, 1.5, NULL, 30 FROM numbers(9)",
      "ATTACH TABLE @.mv",
    );
  }

  const BROKEN = ["2026-03-02 10:00:00", "2026-03-03 11:00:00", "2026-03-04 12:00:00"];

  for (const [name, storage] of LAYOUTS) {
    it(`repairs the buckets that differ and nothing else: ${name}`, async () => {
      await bench.create(COLUMNS, storage, SELECT);
      for (const at of [0, 1500]) {
        await bench.insert(at, 1500);
      }
      await damage();
      const before = await verified();
      assert.deepEqual(
        before.report.differences.map(({ bucket }) => bucket),
        BROKEN,
        JSON.stringify(before.report),
      );
      const result = await repairTarget(bench.connection, before);
      assert.deepEqual(
        { ...result, operation: "", partitions: 0 },
        { operation: "", repaired: 3, partitions: 0, gated: false, refused: [] },
      );
      const after = await verified();
      assert.equal(after.report.verdict, "equal", JSON.stringify(after.report.differences));
      assert.deepEqual(
        await bench.rows("SELECT name FROM system.tables WHERE database = '@' AND name LIKE '%\\_\\_%'"),
        [],
      );
      const parts = "SELECT name FROM system.parts WHERE database = '@' AND table = 't' AND active ORDER BY name";
      const settled = await bench.rows(parts);
      const again = await repairTarget(bench.connection, after);
      assert.equal(again.repaired, 0);
      assert.deepEqual(await bench.rows(parts), settled);
      assert.deepEqual(await unfinishedOperations(bench.connection, bench.database), []);
    });
  }

  it("is started again after a crash at any statement, and leaves nothing behind", async () => {
    await bench.create(COLUMNS, LAYOUTS[1]?.[1] ?? "", SELECT);
    let crashes = 0;
    for (let dieAt = 0, died = true; died; dieAt += 3) {
      await bench.run("TRUNCATE TABLE @.s", "TRUNCATE TABLE @.t");
      await bench.insert(0, 1500);
      await damage();
      const found = await verified();
      const { beforeStatement = () => undefined } = dyingAt(dieAt);
      died = await repairTarget(bench.connection, found, { beforeStatement }).then(
        () => false,
        (error: unknown) => {
          assert.ok(error instanceof Crash, String(error));
          return true;
        },
      );
      if (died) crashes += 1;
      const [cut] = await unfinishedOperations(bench.connection, bench.database);
      if (cut !== undefined && dieAt % 2 === 0) await resume(REPAIR, bench.connection, cut);
      else await repairTarget(bench.connection, await verified());
      // Cut off when nothing differed any more.
      for (const one of await unfinishedOperations(bench.connection, bench.database))
        await abort(REPAIR, bench.connection, one);
      const after = await verified();
      assert.equal(after.report.verdict, "equal", `died at ${dieAt}: ${JSON.stringify(after.report.differences)}`);
      const left =
        "SELECT name FROM system.tables WHERE database = '@' AND (name LIKE '%\\_\\_%' OR create_table_query LIKE '%CONSTRAINT%')";
      assert.deepEqual(await bench.rows(left), []);
    }
    assert.ok(crashes > 4, `only ${crashes} crashes`);
  }).timeout(180_000);

  for (const times of [1, 4]) {
    it(`keeps rows that come between the copy and the replacement, ${times} time(s)`, async () => {
      await bench.create(COLUMNS, LAYOUTS[1]?.[1] ?? "", SELECT);
      await bench.insert(0, 1500);
      await damage();
      let left = times;
      const beforeStatement = async (sql: string): Promise<void> => {
        if (left === 0 || !/REPLACE PARTITION ID '20260302'/.test(sql)) return;
        left -= 1;
        // Another hour of the same day, which was copied.
        await bench.run(
          `INSERT INTO @.s SELECT '2026-03-02 06:30:00', number + ${800_000 + left * 100}, 'k1', 1, 1.5, NULL, 30 FROM numbers(5)`,
        );
      };
      const result = await repairTarget(bench.connection, await verified(), { beforeStatement });
      assert.deepEqual([left, result.repaired, result.gated, result.refused], [0, 3, times === 4, []]);
      const after = await verified();
      assert.equal(after.report.verdict, "equal", JSON.stringify(after.report.differences));
    });
  }

  it("does not take away what has expired in the source", async () => {
    await bench.create(
      "(k LowCardinality(String), b DateTime('UTC'), r UInt16, c SimpleAggregateFunction(sum, UInt64))",
      "ENGINE = AggregatingMergeTree PARTITION BY toYYYYMM(b) ORDER BY (k, b, r)",
      "SELECT k, toStartOfHour(ts) AS b, r, count() AS c FROM @.s GROUP BY k, b, r",
      "ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (k, ts) TTL toDateTime(ts) + toIntervalDay(r)",
    );
    await bench.run("SYSTEM STOP MERGES @.s");
    const insert =
      "INSERT INTO @.s SELECT toDateTime('2026-03-01 00:00:00', 'UTC') + number * 60, number, 'k', 1, 1, NULL, ";
    await bench.run(`${insert} 1 FROM numbers(600)`, `${insert} 10000 FROM numbers(600)`);
    await bench.run("SYSTEM START MERGES @.s", "OPTIMIZE TABLE @.s FINAL");
    await bench.run("INSERT INTO @.t VALUES ('k', '2026-03-01 05:00:00', 10000, 7)");
    const found = await verified();
    assert.equal(found.report.differences.length, 1, JSON.stringify(found.report));
    assert.equal((await repairTarget(bench.connection, found)).repaired, 1);
    assert.equal((await verified()).report.verdict, "equal");
    assert.deepEqual(
      await bench.rows(
        "SELECT r, toString(sum(c)) AS n, toString(sumIf(c, b = '2026-03-01 05:00:00')) AS five FROM @.t GROUP BY r ORDER BY r",
      ),
      [
        { r: 1, n: "600", five: "60" },
        { r: 10000, n: "600", five: "60" },
      ],
    );
  });

  it("refuses where the truth may rightly differ", async () => {
    await bench.run("CREATE TABLE @.names (k String) ENGINE = MergeTree ORDER BY k");
    await bench.create(
      COLUMNS,
      LAYOUTS[1]?.[1] ?? "",
      SELECT.replace("FROM @.s", "FROM @.s WHERE k NOT IN (SELECT k FROM @.names)"),
    );
    await bench.insert(0, 100);
    await bench.run("INSERT INTO @.names VALUES ('k1')");
    await assert.rejects(
      repairTarget(bench.connection, await verified()),
      /not repaired, because its views may rightly have written/,
    );
  });
});
