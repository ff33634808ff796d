/** One row of the README's table "what a change costs": a declaration before and after. */
export interface ChangeRow {
  /** As the table names it. */
  readonly name: string;
  /** JavaScript of the program; `db` is the database, names are the row's own. */
  readonly before: string;
  readonly after: string;
  /** Statements by hand between the two, e.g. rows. */
  readonly rows?: readonly string[];
  /** Statements by hand afterwards, before the answers are asked for. */
  readonly later?: readonly string[];
  /** Resources that are new. */
  readonly creates?: readonly string[];
  /** What the preview says will run, by resource name. */
  readonly plans: Readonly<Record<string, RegExp>>;
  /** Queries whose answer is the same before and after. */
  readonly kept?: readonly string[];
  /** Queries with their answer afterwards, as `value,value;value`. */
  readonly afterwards?: Readonly<Record<string, string>>;
}

const table = (name: string, args: string): string =>
  `const ${name} = new clickhouse.Table("${name}", { database: db, ${args} });`;

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
    plans: { c8_to: /ADD COLUMN `b`/, c8_mv: /MODIFY QUERY SELECT[\s\S]*-- changes-history/ },
    kept: ["SELECT a FROM e.c8_to"],
  },
];

/** Rows that make a table anew. */
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
];

const source = (name: string, more = ""): string => table(name, `columns: { a: "UInt64" }, orderBy: "a"${more}`);

/** Rows that give objects other names, or views what no ALTER can. */
export const PROTOCOLS: readonly ChangeRow[] = [
  {
    name: "table renamed, with views that read it and write to it",
    before: `${source("p1")} ${source("p1_to")}
      new clickhouse.MaterializedView("p1_mv", { database: db, to: p1_to, query: sql\`SELECT a FROM \${p1}\` });
      new clickhouse.View("p1_v", { database: db, query: sql\`SELECT a FROM \${p1}\` });`,
    after: `${source("p1", ', name: "p1 new"')} ${source("p1_to", ', name: "p1_to_new"')}
      new clickhouse.MaterializedView("p1_mv", { database: db, to: p1_to, query: sql\`SELECT a FROM \${p1}\` });
      new clickhouse.View("p1_v", { database: db, query: sql\`SELECT a FROM \${p1}\` });`,
    rows: ["INSERT INTO e.p1 VALUES (1)"],
    plans: {
      p1: /RENAME TABLE e\.p1 TO e\.`p1 new`/,
      p1_to: /RENAME TABLE e\.p1_to TO e\.p1_to_new/,
      p1_mv: /-- follows the rename/,
      p1_v: /-- follows the rename/,
    },
    later: ["INSERT INTO e.`p1 new` VALUES (2)"],
    afterwards: { "SELECT sum(a) FROM e.p1_to_new": "3", "SELECT sum(a) FROM e.p1_v": "3" },
  },
  {
    name: "table moved to another database",
    before: `const other = new clickhouse.Database("e2"); ${source("p2")} ${source("p2_to")}
      new clickhouse.MaterializedView("p2_mv", { database: db, to: p2_to, query: sql\`SELECT a FROM \${p2}\` });`,
    after: `const other = new clickhouse.Database("e2"); ${source("p2").replace("database: db", "database: other")} ${source("p2_to")}
      new clickhouse.MaterializedView("p2_mv", { database: db, to: p2_to, query: sql\`SELECT a FROM \${p2}\` });`,
    rows: ["INSERT INTO e.p2 VALUES (1)"],
    plans: { p2: /RENAME TABLE e\.p2 TO e2\.p2/, p2_mv: /-- follows the rename/ },
    later: ["INSERT INTO e2.p2 VALUES (2)"],
    afterwards: { "SELECT sum(a) FROM e.p2_to": "3" },
  },
  {
    name: "database renamed, with tables and views in it",
    before: `const d3 = new clickhouse.Database("e3"); ${source("p3").replace("database: db", "database: d3")}
      ${source("p3_to").replace("database: db", "database: d3")}
      new clickhouse.MaterializedView("p3_mv", { database: d3, to: p3_to, query: sql\`SELECT a FROM \${p3}\` });`,
    after: `const d3 = new clickhouse.Database("e3", { name: "e3_new" }); ${source("p3").replace("database: db", "database: d3")}
      ${source("p3_to").replace("database: db", "database: d3")}
      new clickhouse.MaterializedView("p3_mv", { database: d3, to: p3_to, query: sql\`SELECT a FROM \${p3}\` });`,
    rows: ["INSERT INTO e3.p3 VALUES (1)"],
    plans: { e3: /RENAME DATABASE e3 TO e3_new/, p3: /-- follows the rename/, p3_mv: /-- follows the rename/ },
    later: ["INSERT INTO e3_new.p3 VALUES (2)"],
    afterwards: { "SELECT sum(a) FROM e3_new.p3_to": "3" },
  },
  {
    name: "view and materialized view renamed",
    before: `${source("p4")} ${source("p4_to")}
      new clickhouse.MaterializedView("p4_mv", { database: db, to: p4_to, query: sql\`SELECT a FROM \${p4}\` });
      new clickhouse.View("p4_v", { database: db, query: sql\`SELECT a FROM \${p4}\` });`,
    after: `${source("p4")} ${source("p4_to")}
      new clickhouse.MaterializedView("p4_mv", { database: db, name: "p4_mv2", to: p4_to, query: sql\`SELECT a FROM \${p4}\` });
      new clickhouse.View("p4_v", { database: db, name: "p4_v2", query: sql\`SELECT a + 1 AS a FROM \${p4}\` });`,
    plans: {
      p4_mv: /RENAME TABLE e\.p4_mv TO e\.p4_mv2/,
      p4_v: /RENAME TABLE e\.p4_v TO e\.p4_v2[\s\S]*CREATE OR REPLACE VIEW e\.p4_v2/,
    },
    later: ["INSERT INTO e.p4 VALUES (2)"],
    afterwards: { "SELECT sum(a) FROM e.p4_to": "2", "SELECT a FROM e.p4_v2": "3" },
  },
  {
    name: "target of a materialized view changed",
    before: `${source("p5")} ${source("p5_a")} ${source("p5_b")}
      new clickhouse.MaterializedView("p5_mv", { database: db, to: p5_a, query: sql\`SELECT a FROM \${p5}\` });`,
    after: `${source("p5")} ${source("p5_a")} ${source("p5_b")}
      new clickhouse.MaterializedView("p5_mv", { database: db, to: p5_b, query: sql\`SELECT a FROM \${p5}\` });`,
    rows: ["INSERT INTO e.p5 VALUES (1)"],
    plans: { p5_mv: /-- retarget-view e\.p5_mv[\s\S]*-- changes-history/ },
    later: ["INSERT INTO e.p5 VALUES (2)"],
    afterwards: { "SELECT a FROM e.p5_a": "1", "SELECT a FROM e.p5_b": "2" },
  },
  {
    name: "inner table to explicit target",
    before: `${source("p6")}
      new clickhouse.MaterializedView("p6_mv", { database: db, inner: { orderBy: "a" }, query: sql\`SELECT a FROM \${p6}\` });`,
    after: `${source("p6")} ${source("p6_to")}
      new clickhouse.MaterializedView("p6_mv", { database: db, to: p6_to, query: sql\`SELECT a FROM \${p6}\` });`,
    rows: ["INSERT INTO e.p6 VALUES (1)"],
    creates: ["p6_to"],
    plans: { p6_mv: /-- externalise-view e\.p6_mv/ },
    later: ["INSERT INTO e.p6 VALUES (2)"],
    afterwards: { "SELECT sum(a), count() FROM e.p6_to": "3,2" },
  },
  {
    name: "incremental to refreshable",
    before: `${source("p7")} ${source("p7_to")}
      new clickhouse.MaterializedView("p7_mv", { database: db, to: p7_to, query: sql\`SELECT a FROM \${p7}\` });`,
    after: `${source("p7")} ${source("p7_to")}
      new clickhouse.MaterializedView("p7_mv", { database: db, to: p7_to, refresh: "EVERY 1 YEAR", allow: ["drops-data"], query: sql\`SELECT a FROM \${p7}\` });`,
    rows: ["INSERT INTO e.p7 VALUES (1)"],
    plans: { p7_mv: /-- recreate-view e\.p7_mv[\s\S]*incremental → REFRESH EVERY 1 YEAR/ },
    afterwards: { "SELECT count() FROM system.view_refreshes WHERE database = 'e' AND view = 'p7_mv'": "1" },
  },
  {
    name: "schedule of a refreshable view",
    before: `${source("p8")} ${source("p8_to")}
      new clickhouse.MaterializedView("p8_mv", { database: db, to: p8_to, refresh: "EVERY 1 YEAR", query: sql\`SELECT a FROM \${p8}\` });`,
    after: `${source("p8")} ${source("p8_to")}
      new clickhouse.MaterializedView("p8_mv", { database: db, to: p8_to, refresh: "EVERY 2 YEAR", query: sql\`SELECT a FROM \${p8}\` });`,
    plans: { p8_mv: /MODIFY REFRESH EVERY 2 YEAR/ },
  },
];
