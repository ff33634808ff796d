import assert from "node:assert/strict";
import { loadSubjects, verifySubject } from "../../provider/src/verify/index";
import { repairTarget } from "../../provider/src/verify/repair/index";
import { Bench } from "./bench";

describe("buckets of verify", () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.open();
  });
  afterEach(() => bench.close());

  /** Rows of the source that the view does not see. */
  async function unseen(sql: string): Promise<void> {
    await bench.run("DETACH TABLE @.mv SYNC", sql, "ATTACH TABLE @.mv");
  }

  const KEYS: readonly (readonly [
    bucket: RegExp,
    columns: string,
    storage: string,
    select: string,
    buckets: number,
  ])[] = [
    [/^day$/, "day Date, k String", "ORDER BY (k, day)", "toDate(ts) AS day, k", 4],
    [
      /^toStartOfMinute\(at\)$/,
      "at DateTime64(3, 'Asia/Kathmandu'), k String",
      "ORDER BY (k, at DESC) SETTINGS allow_experimental_reverse_key = 1",
      "toStartOfHour(ts) AS at, k",
      96,
    ],
    [
      /^toStartOfHour\(at\)$/,
      "at DateTime('Europe/Berlin'), k String",
      "ORDER BY (at, k)",
      "toDateTime(ts + id % 60) AS at, k",
      96,
    ],
    [/^partition \(m, k\)$/, "m UInt8, k String", "PARTITION BY (m, k) ORDER BY (m, k)", "toUInt8(id % 3) AS m, k", 15],
    [/^all rows/, "m UInt8, k String", "ORDER BY (m + 1, k)", "toUInt8(id % 3) AS m, k", 1],
    [
      /^all rows/,
      "k Nullable(String)",
      "ORDER BY k SETTINGS allow_nullable_key = 1",
      "nullIf(toString(k), 'k1') AS k",
      1,
    ],
  ];
  for (const [bucket, columns, storage, select, buckets] of KEYS) {
    it(`puts rows into buckets by what there is: ${storage}`, async () => {
      const names = columns
        .split(", ")
        .map((column) => column.split(" ")[0])
        .filter((name) => /^\w+$/.test(name ?? ""));
      await bench.create(
        `(${columns}, c SimpleAggregateFunction(sum, UInt64))`,
        `ENGINE = AggregatingMergeTree ${storage}`,
        `SELECT ${select}, count() AS c FROM @.s GROUP BY ${names.join(", ")}`,
      );
      for (const at of [0, 900]) await bench.insert(at, 1500);
      const report = await bench.verify();
      assert.equal(report.verdict, "equal", JSON.stringify(report));
      assert.match(report.bucket, bucket);
      assert.equal(report.compared, buckets);
      await unseen("INSERT INTO @.s SELECT '2026-03-02 10:00:00', 3, 'k1', 1, 1, NULL, 30");
      const [found] = await loadSubjects(bench.connection, { names: [`${bench.database}.t`] });
      assert.ok(found);
      const verified = await verifySubject(bench.connection, found);
      assert.equal(verified.report.differences.length, 1, JSON.stringify(verified.report.differences));
      await repairTarget(bench.connection, verified);
      assert.equal((await bench.verify()).verdict, "equal");
    });
  }
});
