import assert from "node:assert/strict";
import { Bench } from "./bench";

const HOURLY = "ENGINE = AggregatingMergeTree PARTITION BY toDate(b) ORDER BY (k, b)";

/** Every aggregate function that is compared, as a column and as what the view selects. */
const KINDS: readonly (readonly [column: string, select: string, rule: string])[] = [
  ["c SimpleAggregateFunction(sum, UInt64)", "count() AS c", "exact"],
  ["c AggregateFunction(count)", "countState() AS c", "exact"],
  ["c SimpleAggregateFunction(sum, Int64)", "sum(v) AS c", "exact"],
  ["c AggregateFunction(sum, Int64)", "sumState(v) AS c", "exact"],
  ["c SimpleAggregateFunction(sum, Float64)", "sum(f) AS c", "exact"],
  ["c SimpleAggregateFunction(min, Int64)", "min(v) AS c", "exact"],
  ["c SimpleAggregateFunction(max, Nullable(Int32))", "maxOrNull(n) AS c", "exact"],
  ["c AggregateFunction(avg, Float64)", "avgState(f) AS c", "exact"],
  ["c AggregateFunction(avg, Nullable(Int32))", "avgState(n) AS c", "exact"],
  ["c AggregateFunction(uniqExact, UInt64)", "uniqExactState(id) AS c", "exact"],
  ["c AggregateFunction(uniq, UInt64)", "uniqState(id) AS c", "within 1 %"],
  ["c AggregateFunction(uniqCombined64, UInt64)", "uniqCombined64State(id) AS c", "within 1 %"],
  ["c AggregateFunction(uniqHLL12, UInt64)", "uniqHLL12State(id) AS c", "within 2 %"],
  ["c AggregateFunction(quantile(0.9), Float64)", "quantileState(0.9)(f) AS c", "within 4 % in rank"],
  ["c AggregateFunction(quantiles(0.5, 0.99), Float64)", "quantilesState(0.5, 0.99)(f) AS c", "within 4 % in rank"],
  [
    "c AggregateFunction(quantilesTDigest(0.5, 0.99), Float64)",
    "quantilesTDigestState(0.5, 0.99)(f) AS c",
    "within 2 % in rank",
  ],
  [
    "c AggregateFunction(quantilesGK(100, 0.5, 0.9), Int64)",
    "quantilesGKState(100, 0.5, 0.9)(v) AS c",
    "within 2 % in rank",
  ],
  [
    "c AggregateFunction(quantilesDD(0.01, 0.5, 0.9), Float64)",
    "quantilesDDState(0.01, 0.5, 0.9)(f) AS c",
    "within 2 %",
  ],
  [
    "c AggregateFunction(quantilesBFloat16(0.5), Float64)",
    "quantilesBFloat16StateIf(0.5)(f, v > 0) AS c",
    "within 0.8 %",
  ],
  ["c AggregateFunction(quantilesExact(0.5, 0.9), Int64)", "quantilesExactState(0.5, 0.9)(v) AS c", "exact"],
  [
    "c AggregateFunction(argMax, String, DateTime64(3, 'UTC'))",
    "argMaxState(toString(id), ts) AS c",
    "one of the rows that it may be",
  ],
  ["c AggregateFunction(argMin, Int64, Float64)", "argMinStateIf(v, f, v > 0) AS c", "one of the rows that it may be"],
  ["c AggregateFunction(sumMap, Map(String, Int64))", "sumMapState(map(toString(id % 3), v)) AS c", "exact"],
  ["c SimpleAggregateFunction(sumMap, Tuple(Array(UInt64), Array(Float64)))", "sumMap([id % 3], [f]) AS c", "exact"],
  ["c AggregateFunction(groupUniqArray, Int64)", "groupUniqArrayState(v) AS c", "exact"],
  ["c AggregateFunction(groupArray, Float64)", "groupArrayState(f) AS c", "exact"],
  ["c SimpleAggregateFunction(groupUniqArrayArray, Array(Int64))", "groupUniqArray(v) AS c", "exact"],
  ["c AggregateFunction(stddevPop, Float64)", "stddevPopState(f) AS c", "exact"],
  ["c AggregateFunction(groupBitmap, UInt64)", "groupBitmapState(id) AS c", "exact"],
  ["c SimpleAggregateFunction(groupBitXor, UInt64)", "groupBitXor(id) AS c", "exact"],
  ["c AggregateFunction(sumIf, Int64, UInt8)", "sumIfState(v, v > 0) AS c", "exact"],
];

describe("verify", () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.open();
  });
  afterEach(() => bench.close());

  for (const [column, select, rule] of KINDS) {
    it(`compares ${column.slice(2)}, and sees rows that the view has missed`, async () => {
      await bench.create(
        `(k LowCardinality(String), b DateTime('UTC'), ${column})`,
        HOURLY,
        `SELECT k, toStartOfHour(ts) AS b, ${select} FROM @.s GROUP BY k, b`,
      );
      for (const at of [0, 700, 1400]) await bench.insert(at, 700);
      const first = await bench.verify();
      assert.equal(first.verdict, "equal", JSON.stringify(first));
      assert.equal(first.compared, 96);
      assert.deepEqual(first.columns, [{ column: "c", rule }]);
      await bench.run("OPTIMIZE TABLE @.t FINAL");
      assert.equal((await bench.verify()).verdict, "equal");
      // A day's rows of which the view has seen none.
      await bench.run("DETACH TABLE @.mv SYNC");
      await bench.run(
        "INSERT INTO @.s SELECT toDateTime64('2026-03-02 05:54:59', 3, 'UTC') + number, 1000000 + number * 7919, 'k1', if(number % 2 = 1, 5000 + number * 31, -5000), if(number % 3 = 0, -1e6, 1e6 + number), 77, 30 FROM numbers(300)",
      );
      await bench.run("ATTACH TABLE @.mv");
      const second = await bench.verify();
      assert.equal(second.verdict, "different", JSON.stringify(second));
      assert.deepEqual(
        second.differences.map(({ bucket, columns }) => [bucket, columns.map(({ column: name }) => name)]),
        [["2026-03-02 05:00:00", ["c"]]],
        JSON.stringify(second.differences),
      );
    });
  }
});
