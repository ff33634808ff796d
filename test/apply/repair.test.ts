import assert from "node:assert/strict";
import { repairTarget, unfinishedRepairs } from "../../provider/dist/apply/repair/index.js";
import { loadSubjects, type Verified, verifySubject } from "../../provider/dist/verify/index.js";
import { Bench } from "../verify/bench";

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
    it(`mends the buckets that differ and nothing else: ${name}`, async () => {
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
      assert.deepEqual(await unfinishedRepairs(bench.connection, bench.database), []);
    });
  }
});
