import assert from "node:assert/strict";
import type { Bed } from "../../provider/src/testing/bed";
import { literalsBehind } from "../../provider/src/testing/literals";
import { type RandomResult, runRandom } from "../../provider/src/testing/random";
import { randomValue, seeded } from "../../provider/src/testing/random-values";
import { bedOf, pass } from "./support";

const SOURCE =
  "CREATE TABLE d.s (k LowCardinality(String), kind Enum8('x' = 1, 'y' = 2), ts DateTime64(3, 'UTC'), v Float64, n Nullable(Int32), m Map(String, String)) ENGINE = MergeTree ORDER BY ts";

/** A target, and the query of its view. */
type Pair = readonly [columns: string, engine: string, query: string];

const COUNTS = "k LowCardinality(String), h DateTime('UTC'), c SimpleAggregateFunction(sum, UInt64)";
const BY_HOUR = "AggregatingMergeTree ORDER BY (k, h)";
const RIGHT: Readonly<Record<string, Pair>> = {
  "a count": [COUNTS, BY_HOUR, "SELECT k, toStartOfHour(ts) AS h, count() AS c FROM d.s GROUP BY k, h"],
  "a condition that few random texts meet": [
    COUNTS,
    BY_HOUR,
    "SELECT k, toStartOfHour(ts) AS h, count() AS c FROM d.s WHERE k IN ('http_requests_total') AND m['status'] = '500' GROUP BY k, h",
  ],
  "states of NULLs": [
    "k String, u AggregateFunction(uniq, Nullable(Int32)), a AggregateFunction(avg, Nullable(Int32)), x AggregateFunction(argMax, Float64, DateTime64(3, 'UTC'))",
    "AggregatingMergeTree ORDER BY k",
    "SELECT k, uniqState(n) AS u, avgState(n) AS a, argMaxState(v, ts) AS x FROM d.s GROUP BY k",
  ],
  "a clock": [
    COUNTS,
    BY_HOUR,
    "SELECT k, toStartOfHour(ts) AS h, countIf(ts > now() - INTERVAL 6 HOUR) AS c FROM d.s GROUP BY k, h",
  ],
};

const WRONG: Readonly<Record<string, Pair>> = {
  "an average that is added up": [
    "k String, a Float64",
    "SummingMergeTree ORDER BY k",
    "SELECT k, avg(v) AS a FROM d.s GROUP BY k",
  ],
  "a maximum that is added up": [
    "k String, x SimpleAggregateFunction(sum, Float64)",
    "AggregatingMergeTree ORDER BY k",
    "SELECT k, max(v) AS x FROM d.s GROUP BY k",
  ],
  "distinct values that are added up": [
    "k String, u SimpleAggregateFunction(sum, UInt64)",
    "AggregatingMergeTree ORDER BY k",
    "SELECT k, uniqExact(n) AS u FROM d.s GROUP BY k",
  ],
};

const NO_LAW: Readonly<Record<string, readonly [pair: Pair, reason: RegExp]>> = {
  "a LIMIT": [
    [COUNTS, BY_HOUR, "SELECT k, toStartOfHour(ts) AS h, count() AS c FROM d.s GROUP BY k, h LIMIT 3"],
    /LIMIT/,
  ],
  "a join": [
    [
      COUNTS,
      BY_HOUR,
      "SELECT s.k AS k, toStartOfHour(ts) AS h, count() AS c FROM d.s AS s INNER JOIN d.dim AS x ON s.k = x.k GROUP BY k, h",
    ],
    /joins d\.dim, as it was at each insert/,
  ],
  "window functions": [
    [
      "k String, r UInt64",
      "AggregatingMergeTree ORDER BY k",
      "SELECT k, row_number() OVER (PARTITION BY k ORDER BY ts) AS r FROM d.s",
    ],
    /window functions/,
  ],
  "rows that are kept as they are": [
    ["k String, v Float64", "MergeTree ORDER BY k", "SELECT k, v FROM d.s"],
    /keeps rows as they were inserted/,
  ],
  "a condition that nothing meets": [
    [COUNTS, BY_HOUR, "SELECT k, toStartOfHour(ts) AS h, count() AS c FROM d.s WHERE length(k) > 1000 GROUP BY k, h"],
    /none of the random rows came through/,
  ],
  "random numbers": [
    [COUNTS, BY_HOUR, "SELECT k, toStartOfHour(ts) AS h, sum(rand()) AS c FROM d.s GROUP BY k, h"],
    /rand\(\)/,
  ],
};

function statements([columns, engine, query]: Pair): string[] {
  return [
    "CREATE DATABASE d",
    SOURCE,
    "CREATE TABLE d.dim (k String) ENGINE = MergeTree ORDER BY k",
    `CREATE TABLE d.t (${columns}) ENGINE = ${engine}`,
    `CREATE MATERIALIZED VIEW d.t_mv TO d.t AS ${query}`,
  ];
}

async function resultOf(sql: readonly string[], seed = 1): Promise<RandomResult> {
  const bed = await bedOf(...sql);
  try {
    const [result, ...others] = await runRandom(bed, { seed, rows: 200 });
    assert.deepEqual(others, []);
    return result ?? assert.fail("no target");
  } finally {
    await bed.close();
  }
}

describe("random rows", () => {
  for (const [what, pair] of Object.entries(RIGHT)) {
    it(`find nothing wrong with ${what}`, async () => {
      const result = await resultOf(statements(pair));
      assert.deepEqual([result.status, result.differences], ["passed", []], JSON.stringify(result));
      assert.ok(result.rows > 0);
      assert.deepEqual([result.target, result.views, result.sources], ["d.t", ["d.t_mv"], ["d.s"]]);
    });
  }

  for (const [what, pair] of Object.entries(WRONG)) {
    it(`find ${what}`, async () => {
      const { differences, status } = await resultOf(statements(pair));
      assert.equal(status, "failed");
      assert.ok(differences.length > 0);
    });
  }

  for (const [what, [pair, reason]] of Object.entries(NO_LAW)) {
    it(`are no test of a view with ${what}, which is reported`, async () => {
      const result = await resultOf(statements(pair));
      assert.equal(result.status, "not-tested", JSON.stringify(result));
      assert.match(result.reason ?? "", reason);
    });
  }

  it("go through a view of a view, which reads what merges may have joined", async () => {
    const bed = await bedOf(
      ...statements(RIGHT["a count"] ?? assert.fail()),
      "CREATE TABLE d.day (k String, d Date, c SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree ORDER BY (k, d)",
      "CREATE MATERIALIZED VIEW d.day_mv TO d.day AS SELECT k, toDate(h) AS d, sum(c) AS c FROM d.t GROUP BY k, d",
      "CREATE TABLE d.last (k String, v Float64) ENGINE = MergeTree ORDER BY k",
      "CREATE MATERIALIZED VIEW d.last_mv REFRESH EVERY 1 HOUR TO d.last AS SELECT k, argMax(v, ts) AS v FROM d.s GROUP BY k",
    );
    try {
      const results = await runRandom(bed, {});
      assert.deepEqual(
        results.map(({ status, target }) => [target, status]),
        [
          ["d.t", "passed"],
          ["d.day", "passed"],
          ["d.last", "not-tested"],
        ],
      );
      assert.match(results[2]?.reason ?? "", /refreshable/);
    } finally {
      await bed.close();
    }
  });

  it("that a constraint refuses are said to prove nothing", async () => {
    const [database = "", source = "", ...rest] = statements(RIGHT["a count"] ?? assert.fail());
    const strict = source.replace("m Map(String, String))", "m Map(String, String), CONSTRAINT c CHECK v > 1000)");
    const { reason, status } = await resultOf([database, strict, ...rest]);
    assert.equal(status, "not-tested");
    assert.match(reason ?? "", /random rows: d\.s does not take it: .*Constraint `c`/);
  });

  it("are the same for the same seed, and others for another", async () => {
    const bed = await bedOf(...statements(RIGHT["a count"] ?? assert.fail()));
    const rowsOf = async (seed: number): Promise<string> => {
      await runRandom(bed, { seed, rows: 50 });
      const [row] = await bed.engine.query<{ h: string }>("SELECT toString(sum(cityHash64(*))) AS h FROM d.s");
      return row?.h ?? "";
    };
    try {
      const first = await rowsOf(1);
      assert.notEqual(await rowsOf(2), first);
      assert.equal(await rowsOf(1), first);
    } finally {
      await bed.close();
    }
  });

  it("hold what queries ask a column for", () => {
    const query =
      "SELECT count() FROM d.s WHERE (MetricName IN ('a_total', 'b_total')) AND Labels['status'] = '500' AND code = 7 AND match(k, '^[0-9]+$')";
    const found = literalsBehind([query], ["MetricName", "Labels", "code", "k"]);
    assert.deepEqual(Object.fromEntries(found), {
      MetricName: ["a_total", "b_total"],
      Labels: ["status", "500"],
      code: ["7"],
    });
  });

  it("hold no number that names a tuple's element", () => {
    const query = "SELECT MetricName, pair.1 AS first, pair.2 FROM d.s WHERE code > 1.5";
    assert.deepEqual(Object.fromEntries(literalsBehind([query], ["MetricName", "code"])), { code: ["1.5"] });
  });

  describe("of every type", () => {
    const TYPES =
      "UInt8 Int8 UInt64 Int256 Float32 Float64 BFloat16 Bool Decimal(9,2) Decimal(38,10) Decimal(3,3) String FixedString(3) Date Date32 DateTime DateTime64(9) UUID IPv4 IPv6 Nullable(String) LowCardinality(Nullable(String)) Array(Array(UInt8)) Map(String,Array(Float64)) Tuple(UInt8,String) SimpleAggregateFunction(max,DateTime)".split(
        " ",
      );
    let bed: Bed;
    before(async () => {
      const columns = [...TYPES, "Enum8('a' = 1, 'b' = 2)", "Tuple(a UInt8, `b c` String)"].map(
        (type, index) => `c${index} ${type}`,
      );
      bed = await bedOf(
        "CREATE DATABASE d",
        `CREATE TABLE d.t (${columns.join(", ")}, nest Nested(x UInt8, y String)) ENGINE = Memory`,
      );
    });
    after(() => bed.close());

    it("are taken by the engine", async () => {
      const random = seeded(3);
      const columns = await bed.columnsOf("d\0t");
      const rows = Array.from({ length: 200 }, () =>
        Object.fromEntries(
          columns.flatMap(({ name, type }) => {
            const value = randomValue(type, { random, literals: ["7", "abc"], moment: Date.UTC(2026, 0, 1) });
            assert.notEqual(value, undefined, `${name} ${type}`);
            return name.startsWith("nest.") ? [] : [[name, value]];
          }),
        ),
      );
      await pass(bed, {
        given: [{ into: "d.t", rows }],
        expect: [{ query: "SELECT count() AS n FROM d.t", rows: [{ n: 200 }] }],
      });
    });
  });
});
