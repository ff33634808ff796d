import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Bed } from "../../provider/src/testing/bed";
import { runTest } from "../../provider/src/testing/run";
import { temporaryBase } from "../support/server";
import { bedOf, pass, run } from "./support";

const TYPES = `CREATE TABLE d.types
(
  k UInt64, n Nullable(Int32), m Map(String, UInt64), a Array(Array(Float64)), t DateTime64(3, 'UTC'), dec Decimal(20, 4),
  lc LowCardinality(Nullable(String)), nest Nested(x UInt8, y String), e Enum8('on' = 1, 'off' = 2), u UUID, tup Tuple(a Int8, b String),
  big UInt256, f Float32, b Bool, ip IPv4, plain Date DEFAULT today(), made DateTime('UTC') DEFAULT now('UTC'), twice UInt64 ALIAS k * 2
)
ENGINE = MergeTree ORDER BY k TTL toDate(t) + INTERVAL 1 DAY`;

describe("a written test", () => {
  let bed: Bed;
  before(async () => {
    bed = await bedOf(
      "CREATE DATABASE d",
      TYPES,
      "CREATE TABLE d.s (k String, ts DateTime('UTC'), v Float64) ENGINE = MergeTree ORDER BY ts TTL ts + INTERVAL 1 DAY",
      "CREATE TABLE d.sums (k String, n SimpleAggregateFunction(sum, UInt64), u AggregateFunction(uniq, Float64)) ENGINE = AggregatingMergeTree ORDER BY k",
      "CREATE MATERIALIZED VIEW d.sums_mv TO d.sums AS SELECT k, count() AS n, uniqState(v) AS u FROM d.s GROUP BY k",
      "CREATE VIEW d.sums_read AS SELECT k, sum(n) AS n, uniqMerge(u) AS u FROM d.sums GROUP BY k",
      "CREATE VIEW d.wrong_read AS SELECT k, n FROM d.sums",
      "CREATE TABLE d.recent (k String, at DateTime('UTC')) ENGINE = MergeTree ORDER BY k",
      "CREATE MATERIALIZED VIEW d.recent_mv TO d.recent AS SELECT k, now('UTC') AS at FROM d.s WHERE ts > now() - INTERVAL 1 HOUR",
      "CREATE TABLE d.latest (k String, v Float64) ENGINE = MergeTree ORDER BY k",
      "CREATE MATERIALIZED VIEW d.latest_mv REFRESH EVERY 1 HOUR TO d.latest AS SELECT k, argMax(v, ts) AS v FROM d.s GROUP BY k",
      "CREATE TABLE d.names (k String, name String) ENGINE = MergeTree ORDER BY k",
      "CREATE DICTIONARY d.dict (k String, name String DEFAULT '?') PRIMARY KEY k SOURCE(CLICKHOUSE(DB 'd' TABLE 'names')) LIFETIME(0) LAYOUT(COMPLEX_KEY_HASHED())",
      "CREATE VIEW d.named AS SELECT k, dictGet('d.dict', 'name', tuple(k)) AS name FROM d.s",
      "CREATE TABLE d.replicated (k String, n UInt64) ENGINE = ReplicatedSummingMergeTree('/x/{shard}', '{replica}') ORDER BY k SETTINGS storage_policy = 'cold'",
      "CREATE TABLE d.queue (k String) ENGINE = Kafka('h:9092', 'topic', 'g', 'JSONEachRow')",
      "CREATE MATERIALIZED VIEW d.queue_mv TO d.replicated AS SELECT k, count() AS n FROM d.queue GROUP BY k",
      "CREATE TABLE d.everywhere AS d.s ENGINE = Distributed('main', d, s)",
      "CREATE VIEW d.everywhere_read AS SELECT k, count() AS n FROM d.everywhere GROUP BY k",
      "CREATE VIEW d.of_key AS SELECT n FROM d.sums WHERE k = {key:String}",
      "CREATE TABLE d.buffer AS d.s ENGINE = Buffer(d, s, 1, 10, 100, 10, 100, 1000, 10000)",
    );
  });
  after(() => bed.close());

  it("takes and expects values of every usual type; rows of any age stay", async () => {
    const row = {
      k: 18446744073709551615n,
      n: null,
      m: { b: 2, a: 1 },
      a: [[1.5], []],
      t: "2001-02-03T04:05:06.789Z",
      dec: "12.50",
      lc: null,
      "nest.x": [1, 2],
      "nest.y": ["p", "q"],
      e: "off",
      u: "61f0c404-5cb3-11e7-907b-a6006ad3dba0",
      tup: { a: -1, b: "z" },
      big: "115792089237316195423570985008687907853269984665640564039457584007913129639935",
      f: 0.1,
      b: true,
      ip: "10.0.0.1",
    };
    const expected = { ...row, m: { a: 1, b: 2 }, t: "2001-02-03 04:05:06.789", dec: 12.5 };
    const given = [{ into: "d.types", rows: [row] }];
    await pass(bed, { given, expect: [{ from: "d.types", rows: [expected] }] });
    await pass(bed, {
      given,
      expect: [{ query: "SELECT twice, big FROM d.types", rows: [{ twice: "18446744073709551614" }] }],
    });
    for (const wrong of [
      { n: 0 },
      { m: { a: 1 } },
      { a: [[1.5]] },
      { dec: 12.51 },
      { lc: "" },
      { f: 0.2 },
      { b: false },
    ]) {
      const result = await run(bed, { given, expect: [{ from: "d.types", rows: [{ ...expected, ...wrong }] }] });
      assert.equal(result.status, "failed", JSON.stringify(wrong));
      const [cell, ...rest] = result.mismatches[0]?.difference.differing[0]?.cells ?? [];
      assert.deepEqual([cell?.column, rest], [Object.keys(wrong)[0], []]);
    }
  });

  it("reads rows from CSV, SQL and files, in several inserts", async () => {
    const file = (name: string, text: string): string => {
      writeFileSync(path.join(temporaryBase(), name), text);
      return path.join(temporaryBase(), name);
    };
    const time = "2026-03-01 10:00:00";
    await pass(bed, {
      given: [
        { into: "d.s", csv: `k,ts,v\n"a",${time},1\nb,${time},2\n` },
        { into: "d.s", sql: `SELECT 'a' AS k, toDateTime('${time}', 'UTC') AS ts, number AS v FROM numbers(3)` },
        { into: "d.s", file: file("rows.json", JSON.stringify([{ k: "c", ts: time, v: 1 }])) },
        {
          into: "d.s",
          file: file("rows.jsonl", `{"k": "c", "ts": "${time}", "v": 2}\n{"k": "d", "ts": "${time}", "v": 2}\n`),
        },
        { into: "d.s", file: file("rows.csv", `v,k\n7,a\n`) },
        { into: "d.s", file: file("rows.sql", "SELECT 'e' AS k, 1 AS v;\n") },
      ],
      expect: [
        { from: "d.sums_read", csv: "k,n,u\na,5,4\nb,1,1\nc,2,2\nd,1,1\ne,1,1" },
        {
          from: "d.sums_read",
          sql: "SELECT 'a' AS k, 5 AS n UNION ALL SELECT arrayJoin(['b', 'd', 'e']), 1 UNION ALL SELECT 'c', 2",
        },
      ],
    });
  });

  it("compares views before and after merges, tables after them, and states by their values", async () => {
    const given = [1, 2].map((v) => ({ into: "d.s", rows: [{ k: "a", ts: "2026-03-01 10:00:00", v }] }));
    await pass(bed, { given, expect: [{ from: "d.sums", rows: [{ k: "a", n: 2, u: 2 }] }] });
    await pass(bed, {
      given,
      merges: "never",
      expect: [
        {
          from: "d.sums",
          rows: [
            { k: "a", n: 1 },
            { k: "a", n: 1 },
          ],
        },
      ],
    });
    await pass(bed, { given, merges: "always", expect: [{ from: "d.wrong_read", rows: [{ k: "a", n: 2 }] }] });
    const { mismatches } = await run(bed, { given, expect: [{ from: "d.wrong_read", rows: [{ k: "a", n: 2 }] }] });
    assert.deepEqual(
      mismatches.map(({ from, when }) => [from, when]),
      [["d.wrong_read", "before merges"]],
    );
  });

  it("sets the clock of queries, defaults and its own SQL; without one, the clock runs", async () => {
    for (const now of ["2026-03-01 10:30:00", "2031-01-01 00:00:00"]) {
      await pass(bed, {
        now,
        given: [
          {
            into: "d.s",
            sql: "SELECT 'new' AS k, now() - INTERVAL 5 MINUTE AS ts UNION ALL SELECT 'old', now() - INTERVAL 2 HOUR",
          },
          { into: "d.types", rows: [{ k: 1 }] },
        ],
        expect: [
          { from: "d.recent", rows: [{ k: "new", at: now }] },
          { from: "d.types", rows: [{ plain: now.slice(0, 10), made: now }] },
          { query: "SELECT toString(now()) AS at", rows: [{ at: now }] },
        ],
      });
    }
    const year = new Date().getUTCFullYear();
    await pass(bed, {
      given: [{ into: "d.types", rows: [{ k: 1 }] }],
      expect: [{ query: "SELECT toYear(made) AS y FROM d.types", rows: [{ y: year }] }],
    });
  });

  it("refreshes a refreshable view after all inserts, or where it says so; each replaces the rows before", async () => {
    const insert = (v: number, ts: string) => ({ into: "d.s", rows: [{ k: "a", ts, v }] });
    const [early, late] = [insert(1, "2026-03-01 10:00:00"), insert(2, "2026-03-01 11:00:00")];
    const expects = (v: number) => [
      { from: "d.latest_mv", rows: [{ k: "a", v }] },
      { from: "d.latest", rows: [{ v }] },
    ];
    await pass(bed, { given: [early, late], expect: expects(2) });
    await pass(bed, { given: [early, { refresh: "d.latest_mv" }, late], expect: expects(1) });
    await pass(bed, {
      given: [early, { refresh: "d.latest_mv" }, late, { refresh: "d.latest_mv" }],
      expect: expects(2),
    });
  });

  it("fills a dictionary from its table, and passes on what a Buffer table gets", async () => {
    await pass(bed, {
      given: [
        { into: "d.names", rows: [{ k: "a", name: "Anna" }] },
        { into: "d.buffer", rows: [{ k: "a", ts: "2026-03-01 10:00:00", v: 1 }, { k: "b" }] },
      ],
      expect: [
        {
          from: "d.named",
          rows: [
            { k: "a", name: "Anna" },
            { k: "b", name: "?" },
          ],
        },
        {
          from: "d.sums_read",
          rows: [
            { k: "a", n: 1 },
            { k: "b", n: 1 },
          ],
        },
      ],
    });
  });

  it("gives rows to what the engine cannot host, and says what takes its place", async () => {
    const rows = [{ k: "a" }];
    await pass(bed, {
      given: [
        { into: "d.queue", rows },
        { into: "d.queue", rows },
        { into: "d.everywhere", rows },
      ],
      expect: [
        { from: "d.replicated", rows: [{ k: "a", n: 2 }] },
        { from: "d.everywhere_read", rows: [{ k: "a", n: 1 }] },
        { from: "d.everywhere", rows },
        { query: "SELECT sum(n) AS n FROM d.of_key(key = 'a')", rows: [{ n: 1 }] },
      ],
    });
    assert.deepEqual([...bed.notes.keys()].sort(), ["d\0queue", "d\0replicated"]);
    assert.match(bed.notes.get("d\0replicated") ?? "", /nearest local kind: .*needs a cluster/);
  });

  it("names missing, unexpected and differing rows; equal rows count as often as they are there", async () => {
    const given = [
      {
        into: "d.s",
        rows: [
          { k: "a", v: 1 },
          { k: "a", v: 1 },
          { k: "b", v: 2 },
          { k: "c", v: 9 },
        ],
      },
    ];
    const { mismatches } = await run(bed, {
      given,
      merges: "never",
      expect: [
        {
          from: "d.s",
          rows: [
            { k: "a", v: 1 },
            { k: "b", v: 3 },
            { k: "x", v: 0 },
          ],
        },
      ],
    });
    const { differing, missing, unexpected } = mismatches[0]?.difference ?? assert.fail();
    assert.deepEqual(missing, [{ k: "x", v: 0 }]);
    assert.deepEqual(unexpected, [
      { k: "a", v: 1 },
      { k: "c", v: 9 },
    ]);
    assert.deepEqual(differing, [{ row: { k: "b", v: 3 }, cells: [{ column: "v", expected: 3, found: 2 }] }]);
    await pass(bed, { given, expect: [{ from: "d.s", rows: [{ k: "a" }, { k: "a", v: 1 }, { k: "b" }, { k: "c" }] }] });
    assert.equal((await run(bed, { given, expect: [{ from: "d.s", rows: [] }] })).status, "failed");
    await pass(bed, { given: [{ into: "d.s", rows: [] }], expect: [{ from: "d.s", rows: [] }] });
  });

  it("lets floats differ as far as it says", async () => {
    const given = [{ into: "d.s", rows: [{ k: "a", v: 1 / 3 }] }];
    const expect = (tolerance?: number) => [{ from: "d.s", rows: [{ v: 0.333 }], ...(tolerance && { tolerance }) }];
    assert.equal((await run(bed, { given, expect: expect() })).status, "failed");
    await pass(bed, { given, expect: expect(0.01) });
    await pass(bed, {
      given: [
        {
          into: "d.s",
          rows: [
            { k: "n", v: Number.NaN },
            { k: "i", v: Number.POSITIVE_INFINITY },
          ],
        },
      ],
      expect: [
        {
          from: "d.s",
          rows: [
            { k: "n", v: Number.NaN },
            { k: "i", v: Number.POSITIVE_INFINITY },
          ],
        },
      ],
    });
  });

  const MISTAKES: readonly [what: string, test: Parameters<typeof run>[1], message: RegExp][] = [
    [
      "an unknown table",
      { given: [{ into: "d.ss", rows: [{ k: 1 }] }], expect: [] },
      /^given\[0\]\.into: the program declares no table or view d\.ss\. Did you mean d\.s\?/,
    ],
    [
      "a table without its database",
      { given: [{ into: "types", rows: [{ k: 1 }] }], expect: [] },
      /Did you mean d\.types\?/,
    ],
    [
      "an unknown view",
      { given: [], expect: [{ from: "d.sum_read", rows: [] }] },
      /^expect\[0\]\.from: .* Did you mean d\.sums_read\?/,
    ],
    [
      "an unknown column",
      { given: [{ into: "d.s", rows: [{ k: "a" }, { vv: 1 }] }], expect: [] },
      /^given\[0\]\.rows\[1\]: d\.s has no column `vv`/,
    ],
    [
      "a column that is computed",
      { given: [{ into: "d.types", rows: [{ twice: 1 }] }], expect: [] },
      /has no column `twice`/,
    ],
    [
      "an unknown column of CSV",
      { given: [{ into: "d.s", csv: "key,v\na,1" }], expect: [] },
      /^given\[0\]\.csv: d\.s has no column `key`/,
    ],
    [
      "a value of another type",
      { given: [{ into: "d.s", rows: [{ v: 1 }, { v: "much" }] }], expect: [] },
      /^given\[0\]\.rows\[1\]: d\.s does not take it: .*\(code \d+\)/,
    ],
    [
      "NULL where none may be",
      { given: [{ into: "d.s", rows: [{ k: null }] }], expect: [] },
      /^given\[0\]\.rows\[0\]: d\.s does not take it/,
    ],
    [
      "an expected value of another type",
      { given: [], expect: [{ from: "d.s", rows: [{ v: "much" }] }] },
      /^expect\[0\]\.rows\[0\]: d\.s does not take it/,
    ],
    ["SQL that is wrong", { given: [{ into: "d.s", sql: "SELEC 1" }], expect: [] }, /^given\[0\]\.sql: Syntax error/],
    [
      "a query that is wrong",
      { given: [], expect: [{ query: "SELECT nothing FROM d.s", rows: [] }] },
      /^expect\[0\]\.query: .*nothing/,
    ],
    [
      "rows for a view",
      { given: [{ into: "d.sums_read", rows: [{ k: "a" }] }], expect: [] },
      /no table that takes rows here/,
    ],
    ["a refresh of something else", { given: [{ refresh: "d.sums_mv" }], expect: [] }, /is no refreshable view/],
    [
      "a file that is not there",
      { given: [{ into: "d.s", file: "nowhere.csv" }], expect: [] },
      /^given\[0\]\.file: cannot be read/,
    ],
  ];
  for (const [what, test, message] of MISTAKES) {
    it(`says what is wrong: ${what}`, async () => {
      const { reasons, status } = await run(bed, test);
      assert.equal(status, "invalid");
      assert.match(reasons.join("\n"), message);
    });
  }

  it("leaves nothing behind for the next one, also if it could not be run", async () => {
    const fills = { into: "d.s", rows: [{ k: "a", ts: "2026-03-01 10:00:00", v: 1 }] };
    await run(bed, { given: [fills, { into: "d.s", rows: [{ nothing: 1 }] }], expect: [] });
    await pass(bed, {
      given: [{ into: "d.names", rows: [] }],
      expect: [
        { from: "d.sums_read", rows: [] },
        { from: "d.s", rows: [] },
      ],
    });
  });

  it("takes a test from a program with its own name and place", async () => {
    const result = await runTest(bed, {
      file: "a.test.yaml",
      lineOf: () => 7,
      test: { name: "one", given: [{ into: "d.q", rows: [] }], expect: [] },
    });
    assert.deepEqual([result.name, result.file, result.line], ["one", "a.test.yaml", 7]);
    assert.match(result.reasons[0] ?? "", /^a\.test\.yaml:7: given\[0\]\.into: /);
  });
});
