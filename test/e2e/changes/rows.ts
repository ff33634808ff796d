import { type ChangeRow, table } from "./row";

export type { ChangeRow } from "./row";
export { PROTOCOLS } from "./rows-protocols";

/** Rows of changes in place. */
export const IN_PLACE: readonly ChangeRow[] = [
  {
    name: "comment of a table, a view, a column",
    before: `${table("c1", 'columns: { a: "UInt64" }, orderBy: "a"')}
      new clickhouse.View("c1_v", { database: db, query: sql\`SELECT a FROM \${c1}\` });`,
    after: `${table("c1", 'columns: { a: { type: "UInt64", comment: "an a" } }, orderBy: "a", comment: "it\'s c1"')}
      new clickhouse.View("c1_v", { database: db, query: sql\`SELECT a FROM \${c1}\`, comment: "of c1" });`,
    rows: ["INSERT INTO e.c1 VALUES (1)"],
    kept: ["SELECT * FROM e.c1"],
    plans: {
      c1: /ALTER TABLE e\.c1\n.*COMMENT COLUMN `a` 'an a'[\s\S]*MODIFY COMMENT 'it\\'s c1'[\s\S]*-- metadata-only/,
      c1_v: /MODIFY COMMENT 'of c1'/,
    },
  },
  {
    name: "column added, dropped, retyped, reordered, renamed",
    before: table("c2", 'columns: { a: "UInt64", b: "String", c: "UInt8", d: "UInt8", e: "UInt16" }, orderBy: "a"'),
    after: table(
      "c2",
      'columns: { a: "UInt64", n: "Int8", e: "UInt16", c: "UInt32", b2: { type: "String", renamedFrom: "b" } }, orderBy: "a", allow: ["drops-data"]',
    ),
    rows: ["INSERT INTO e.c2 VALUES (1, 'x', 2, 3, 4)"],
    plans: { c2: /RENAME COLUMN `b` TO `b2`[\s\S]*-- drops-data: the values of d/ },
    afterwards: { "SELECT a, n, e, c, b2 FROM e.c2": "1,0,4,2,x" },
  },
  {
    name: "column default, codec, TTL, settings, statistics",
    before: table("c3", 'columns: { a: "UInt64", t: "DateTime", b: "String", c: "UInt64" }, orderBy: "a"'),
    after: table(
      "c3",
      `columns: { a: "UInt64", t: "DateTime", b: { type: "String", default: "'-'", codec: "ZSTD(3)", ttl: "t + INTERVAL 9 YEAR" },
        c: { type: "UInt64", statistics: "tdigest", settings: { min_compress_block_size: 8192 } } }, orderBy: "a", allow: ["drops-data"]`,
    ),
    rows: ["INSERT INTO e.c3 VALUES (1, now(), 'x', 5)"],
    kept: ["SELECT a, b, c FROM e.c3"],
    plans: { c3: /MODIFY COLUMN `b`[\s\S]*CODEC\(ZSTD\(3\)\)/ },
  },
  {
    name: "table TTL, settings, indexes, projections, constraints",
    before: table(
      "c4",
      'columns: { a: "UInt64", t: "DateTime" }, orderBy: "a", settings: { merge_with_ttl_timeout: 7200 }',
    ),
    after: table(
      "c4",
      `columns: { a: "UInt64", t: "DateTime" }, orderBy: "a", ttl: "t + INTERVAL 9 YEAR", settings: { ttl_only_drop_parts: 1 },
        indexes: [{ name: "i", expression: "t", type: "minmax" }], projections: [{ name: "p", query: "SELECT t, count() GROUP BY t" }],
        constraints: [{ name: "k", check: "a > 0" }], materialize: true, allow: ["drops-data"]`,
    ),
    rows: ["INSERT INTO e.c4 VALUES (1, now()), (2, now())"],
    kept: ["SELECT a FROM e.c4 ORDER BY a"],
    plans: { c4: /MODIFY TTL[\s\S]*ADD INDEX i t TYPE minmax[\s\S]*ADD PROJECTION p[\s\S]*ADD CONSTRAINT k/ },
    afterwards: {
      "SELECT count() FROM system.parts WHERE database = 'e' AND table = 'c4' AND active AND has(projections, 'p')":
        "1",
    },
  },
  {
    name: "sample key, sorting key extended by new columns",
    before: table("c5", 'columns: { a: "UInt64" }, orderBy: "a"'),
    after: table("c5", 'columns: { a: "UInt64", b: "UInt64" }, orderBy: ["a", "b"], primaryKey: "a", sampleBy: "a"'),
    rows: ["INSERT INTO e.c5 VALUES (1)"],
    plans: {
      c5: /ADD COLUMN `b`[\s\S]*MODIFY ORDER BY \(a, b\)[\s\S]*MODIFY SAMPLE BY a|MODIFY SAMPLE BY a[\s\S]*MODIFY ORDER BY \(a, b\)/,
    },
    afterwards: { "SELECT * FROM e.c5": "1,0" },
  },
  {
    name: "query of an ordinary view",
    before: `${table("c6", 'columns: { a: "UInt64" }, orderBy: "a"')}
      new clickhouse.View("c6_v", { database: db, query: sql\`SELECT a FROM \${c6}\` });`,
    after: `${table("c6", 'columns: { a: "UInt64" }, orderBy: "a"')}
      new clickhouse.View("c6_v", { database: db, query: sql\`SELECT a + 1 AS b FROM \${c6}\` });`,
    rows: ["INSERT INTO e.c6 VALUES (1)"],
    plans: { c6_v: /CREATE OR REPLACE VIEW e\.c6_v/ },
    afterwards: { "SELECT b FROM e.c6_v": "2" },
  },
  {
    name: "SQL security",
    before: `${table("c7", 'columns: { a: "UInt64" }, orderBy: "a"')}
      new clickhouse.View("c7_v", { database: db, query: sql\`SELECT a FROM \${c7}\`, sqlSecurity: "INVOKER" });`,
    after: `${table("c7", 'columns: { a: "UInt64" }, orderBy: "a"')}
      new clickhouse.View("c7_v", { database: db, query: sql\`SELECT a FROM \${c7}\`, sqlSecurity: "DEFINER", definer: "default" });`,
    plans: { c7_v: /ALTER TABLE e\.c7_v MODIFY DEFINER = default SQL SECURITY DEFINER/ },
  },
  {
    name: "query of a materialized view, its target's columns first",
    before: `${table("c8", 'columns: { a: "UInt64", b: "String" }, orderBy: "a"')}
      ${table("c8_to", 'columns: { a: "UInt64" }, orderBy: "a"')}
      new clickhouse.MaterializedView("c8_mv", { database: db, to: c8_to, query: sql\`SELECT a FROM \${c8}\` });`,
    after: `${table("c8", 'columns: { a: "UInt64", b: "String" }, orderBy: "a"')}
      ${table("c8_to", 'columns: { a: "UInt64", b: "String" }, orderBy: "a"')}
      new clickhouse.MaterializedView("c8_mv", { database: db, to: c8_to, query: sql\`SELECT a, b FROM \${c8}\` });`,
    rows: ["INSERT INTO e.c8 VALUES (1, 'x')"],
    plans: { c8_to: /ADD COLUMN `b`/, c8_mv: /MODIFY QUERY SELECT[\s\S]*-- keeps-old-rows/ },
    kept: ["SELECT a FROM e.c8_to"],
  },
  {
    name: "column TTL applied to rows that are there",
    before: table("c9", 'columns: { a: "UInt64", t: "DateTime", b: "String" }, orderBy: "a"'),
    after: table(
      "c9",
      'columns: { a: "UInt64", t: "DateTime", b: { type: "String", ttl: "t + INTERVAL 1 DAY" } }, orderBy: "a", materialize: true, allow: ["drops-data"]',
    ),
    rows: ["INSERT INTO e.c9 VALUES (1, '2001-01-01 00:00:00', 'old'), (2, '2100-01-01 00:00:00', 'new')"],
    plans: {
      c9: /MODIFY COLUMN `b` String TTL t \+ toIntervalDay\(1\)\s+SETTINGS materialize_ttl_after_modify = 1;\n-- drops-data: .* at once.*\n-- rewrites-parts: /,
    },
    afterwards: { "SELECT a, b FROM e.c9 ORDER BY a": "1,;2,new" },
  },
  {
    name: "query of a refreshable view",
    before: `${table("c10", 'columns: { a: "UInt64", b: "UInt64" }, orderBy: "a"')} ${table("c10_to", 'columns: { a: "UInt64" }, orderBy: "a"')}
      new clickhouse.MaterializedView("c10_mv", { database: db, to: c10_to, refresh: "EVERY 1 YEAR", query: sql\`SELECT a FROM \${c10}\` });`,
    after: `${table("c10", 'columns: { a: "UInt64", b: "UInt64" }, orderBy: "a"')} ${table("c10_to", 'columns: { a: "UInt64" }, orderBy: "a"')}
      new clickhouse.MaterializedView("c10_mv", { database: db, to: c10_to, refresh: "EVERY 1 YEAR", query: sql\`SELECT b AS a FROM \${c10}\` });`,
    rows: ["INSERT INTO e.c10 VALUES (1, 5)"],
    plans: { c10_mv: /MODIFY QUERY SELECT b AS a[\s\S]*-- keeps-old-rows: the target follows .* the next refresh/ },
    later: ["SYSTEM REFRESH VIEW e.c10_mv", "SYSTEM WAIT VIEW e.c10_mv"],
    afterwards: { "SELECT a FROM e.c10_to": "5" },
  },
];

/** Rows that recreate a table. */
export const REBUILDS: readonly ChangeRow[] = [
  {
    name: "sorting key, with a view that reads the table",
    before: `${table("r1", 'columns: { a: "UInt64", b: "UInt64" }, orderBy: "a"')}
      ${table("r1_to", 'columns: { b: "UInt64" }, orderBy: "b"')}
      new clickhouse.MaterializedView("r1_mv", { database: db, to: r1_to, query: sql\`SELECT b FROM \${r1}\` });`,
    after: `${table("r1", 'columns: { a: "UInt64", b: "UInt64" }, orderBy: ["b", "a"]')}
      ${table("r1_to", 'columns: { b: "UInt64" }, orderBy: "b"')}
      new clickhouse.MaterializedView("r1_mv", { database: db, to: r1_to, query: sql\`SELECT b FROM \${r1}\` });`,
    rows: ["INSERT INTO e.r1 SELECT number, number % 7 FROM numbers(1000)"],
    plans: { r1: /-- rebuild e\.r1, because:[\s\S]*ORDER BY a → \(b, a\)[\s\S]*-- copies-rows: [\s\S]*\[1,000 rows, / },
    kept: ["SELECT count(), sum(cityHash64(a, b)) FROM e.r1", "SELECT count(), sum(b) FROM e.r1_to"],
  },
  {
    name: "partition key, engine, index granularity",
    before: table("r2", 'columns: { a: "UInt64", t: "DateTime", v: "UInt64" }, orderBy: "a"'),
    after: table(
      "r2",
      'columns: { a: "UInt64", t: "DateTime", v: "UInt64" }, orderBy: "a", partitionBy: "toYYYYMM(t)", engine: "ReplacingMergeTree(v)", settings: { index_granularity: 1024 }, rebuild: "offline"',
    ),
    rows: [
      "INSERT INTO e.r2 SELECT number, toDateTime('2026-01-01 00:00:00') + number * 86400, number FROM numbers(100)",
    ],
    plans: { r2: /-- rebuild e\.r2[\s\S]*engine MergeTree → ReplacingMergeTree\(v\)[\s\S]*-- copies-rows/ },
    kept: ["SELECT count(), sum(cityHash64(a, t, v)) FROM e.r2"],
  },
  {
    name: "type of a key column",
    before: table("r3", 'columns: { a: "UInt32", b: "String" }, orderBy: "a"'),
    after: table("r3", 'columns: { a: "UInt64", b: "String" }, orderBy: "a"'),
    rows: ["INSERT INTO e.r3 SELECT number, toString(number) FROM numbers(100)"],
    plans: { r3: /-- rebuild e\.r3[\s\S]*key column a UInt32 → UInt64/ },
    kept: ["SELECT count(), sum(a), sum(cityHash64(b)) FROM e.r3"],
  },
  {
    name: "primary key alone",
    before: table("r4", 'columns: { a: "UInt64", b: "UInt64" }, orderBy: ["a", "b"]'),
    after: table("r4", 'columns: { a: "UInt64", b: "UInt64" }, orderBy: ["a", "b"], primaryKey: "a"'),
    rows: ["INSERT INTO e.r4 SELECT number, number % 7 FROM numbers(100)"],
    plans: { r4: /-- rebuild e\.r4, because:\n-- {3}PRIMARY KEY .* → a\n-- copies-rows: / },
    kept: ["SELECT count(), sum(cityHash64(a, b)) FROM e.r4"],
    afterwards: { "SELECT primary_key FROM system.tables WHERE database = 'e' AND name = 'r4'": "a" },
  },
  {
    name: "table without rows",
    before: `${table("r5_all", 'columns: { a: "UInt64" }, orderBy: "a"')}
      ${table("r5", 'columns: { a: "UInt64", b: "UInt64" }, engine: "Null"')}
      new clickhouse.MaterializedView("r5_mv", { database: db, to: r5_all, query: sql\`SELECT a FROM \${r5}\` });
      ${table("r5_buffer", "columns: { a: \"UInt64\" }, engine: \"Buffer('e', 'r5_all', 1, 600, 600, 1000000, 1000000, 100000000, 100000000)\"")}`,
    after: `${table("r5_all", 'columns: { a: "UInt64" }, orderBy: "a"')}
      ${table("r5", 'columns: { a: "UInt64", c: { type: "UInt64", renamedFrom: "b" } }, engine: "Null", rebuild: "offline"')}
      new clickhouse.MaterializedView("r5_mv", { database: db, to: r5_all, query: sql\`SELECT a FROM \${r5}\` });
      ${table("r5_buffer", "columns: { a: \"UInt64\" }, engine: \"Buffer('e', 'r5_all', 2, 600, 600, 1000000, 1000000, 100000000, 100000000)\"")}`,
    rows: ["INSERT INTO e.r5 VALUES (1, 2)", "INSERT INTO e.r5_buffer VALUES (10)"],
    plans: {
      r5: /-- rebuild e\.r5, because:[\s\S]*\nCREATE OR REPLACE TABLE e\.r5\n[\s\S]*ENGINE = `?Null`?;\n-- metadata-only: a Null table holds no rows/,
      r5_buffer: /\nCREATE OR REPLACE TABLE e\.r5_buffer\n/,
    },
    later: ["INSERT INTO e.r5 (a, c) VALUES (100, 2)"],
    afterwards: { "SELECT sum(a) FROM e.r5_all": "111" },
  },
];
