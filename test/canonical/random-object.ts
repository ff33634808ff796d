import fc from "fast-check";

/** What the views of {@link randomView} read and write. */
export const SOURCES: readonly string[] = [
  "CREATE TABLE r.`so``urce` (`a` UInt64, `b c` String, `at` DateTime, `tags` Map(String, String)) ENGINE = MergeTree ORDER BY a",
  "CREATE TABLE r.target (`a` UInt64, `b c` String, `at` DateTime, `n` UInt64) ENGINE = MergeTree ORDER BY a",
];

const TYPES = [
  "Int8",
  "UInt256",
  "BFloat16",
  "Decimal(9, 2)",
  "Bool",
  "FixedString(3)",
  "LowCardinality(Nullable(String))",
  "UUID",
  "IPv6",
  "Enum8('a,)' = -1, 'it''s' = 2)",
  "Date32",
  "DateTime64(3, 'Europe/Berlin')",
  "Time64(3)",
  "IntervalDay",
  "Array(Tuple(x UInt8, `y z` Nullable(String)))",
  "Map(LowCardinality(String), Array(UInt8))",
  "Nested(k String, v Array(UInt8))",
  "Variant(String, UInt64)",
  "Dynamic(max_types = 4)",
  "JSON(max_dynamic_paths = 8, `a.b` UInt32, SKIP c)",
  "Point",
  "AggregateFunction(quantiles(0.5, 0.9), Float64)",
  "SimpleAggregateFunction(max, DateTime)",
  "INT UNSIGNED",
  "DOUBLE PRECISION",
];
const CLAUSES = [
  "UInt8 DEFAULT (1 + 2) * id",
  "String DEFAULT 'it''s \\\\ `x`'",
  "DEFAULT toUInt16(id)",
  "String MATERIALIZED concat(toString(id), '\\n')",
  "UInt64 ALIAS id + INTERVAL_ZERO".replace("INTERVAL_ZERO", "0"),
  "String EPHEMERAL",
  "UInt8 EPHEMERAL 3",
  "UInt64 CODEC(Delta, ZSTD)",
  "Float64 CODEC(Gorilla, LZ4HC(3))",
  "String TTL at + INTERVAL 1 MONTH",
  "Int64 STATISTICS(tdigest, uniq)",
  "UInt8 COMMENT 'with ''quotes'' and ttl'",
  "String SETTINGS (min_compress_block_size = 65536)",
  "UInt8 DEFAULT CASE WHEN id = 1 THEN 2 ELSE 3 END COMMENT 'c' CODEC(ZSTD(2)) TTL at + toIntervalDay(2)",
  "DateTime DEFAULT now() - INTERVAL 1 DAY",
  "Array(UInt8) DEFAULT arrayMap((x, y) -> (x + y), [1], [2])",
  "Nullable(Int8) DEFAULT NULL",
];
const ELEMENTS = [
  "INDEX i1 id TYPE minmax",
  "INDEX `i 2` (id, lower(name)) TYPE set(100) GRANULARITY 4",
  "INDEX i3 name TYPE bloom_filter(0.01) GRANULARITY 2",
  "INDEX i4 name TYPE ngrambf_v1(3, 256, 2, 0)",
  "INDEX i5 name TYPE text(tokenizer = splitByNonAlpha)",
  "PROJECTION p1 (SELECT * ORDER BY name)",
  "PROJECTION `p 2` (SELECT name, count(), max(at) GROUP BY name)",
  "PROJECTION p3 (SELECT id, name ORDER BY name) WITH SETTINGS (index_granularity = 512)",
  "CONSTRAINT c1 CHECK id > 0 AND name NOT LIKE '%)%'",
  "CONSTRAINT `c 2` ASSUME length(name) < 10",
];
const ENGINES = [
  "MergeTree",
  "MergeTree()",
  "ReplacingMergeTree(at)",
  "SummingMergeTree",
  "AggregatingMergeTree",
  "CoalescingMergeTree",
];
const KEYS = [
  "ORDER BY id",
  "ORDER BY (id)",
  "ORDER BY ((id, name))",
  "PRIMARY KEY id ORDER BY (id, at)",
  "ORDER BY tuple()",
  "PRIMARY KEY (id)",
];
const PARTITIONS = ["", "PARTITION BY toYYYYMM(at)", "PARTITION BY (toDate(at), id % 4)", "PARTITION BY (name)"];
const TTLS = [
  "",
  "TTL at + INTERVAL 1 DAY",
  "TTL at + INTERVAL 1 DAY DELETE WHERE id > 3, at + INTERVAL 1 WEEK RECOMPRESS CODEC(ZSTD(9))",
  "TTL if(id = 1, at + toIntervalYear(1), at + INTERVAL 1 DAY)",
];
const SETTINGS = [
  "index_granularity = 1024",
  "merge_with_ttl_timeout = 3600",
  "min_bytes_for_wide_part = '10M'",
  "ratio_of_defaults_for_sparse_serialization = 0.95",
  "enable_block_number_column = true",
  "fsync_after_insert = 0",
  "deduplicate_merge_projection_mode = 'rebuild'",
];
const OTHERS = [
  "Memory",
  "Log",
  "TinyLog",
  "StripeLog",
  "Null",
  "Join(ANY, LEFT, id)",
  "Set",
  "EmbeddedRocksDB PRIMARY KEY id",
];
const COMMENTS = ["", " COMMENT 'one'", " COMMENT 'it''s \\\\ `two`'"];

const columns = fc
  .record({ types: fc.subarray(TYPES, { maxLength: 6 }), clauses: fc.subarray(CLAUSES, { maxLength: 5 }) })
  .map(({ types, clauses }) => [
    "id UInt64",
    "name String",
    "at DateTime",
    ...[...types, ...clauses].map((text, at) => `\`c ${at}\` ${text}`),
  ]);

const mergeTree = fc
  .record({
    columns,
    elements: fc.subarray(ELEMENTS),
    engine: fc.constantFrom(...ENGINES),
    key: fc.constantFrom(...KEYS),
    partition: fc.constantFrom(...PARTITIONS),
    ttl: fc.constantFrom(...TTLS),
    settings: fc.subarray(SETTINGS),
    comment: fc.constantFrom(...COMMENTS),
  })
  .map((table) => {
    const { key, partition, ttl, comment } = table;
    const settings = table.settings.length === 0 ? "" : ` SETTINGS ${table.settings.join(", ")}`;
    const list = [...table.columns, ...table.elements].join(", ");
    return `CREATE TABLE r.t (${list}) ENGINE = ${table.engine} ${partition} ${key} ${ttl}${settings}${comment}`;
  });

const other = fc
  .record({
    engine: fc.constantFrom(...OTHERS),
    types: fc.subarray(TYPES, { maxLength: 4 }),
    comment: fc.constantFrom(...COMMENTS),
  })
  .map(({ engine, types, comment }) => {
    const list = ["id UInt64", ...types.map((type, at) => `\`c ${at}\` ${type}`)];
    return `CREATE TABLE r.t (${list.join(", ")}) ENGINE = ${engine}${comment}`;
  });

/** A CREATE TABLE in some spelling; the engine refuses some. */
export const randomTable: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: mergeTree },
  { weight: 1, arbitrary: other },
);

const QUERIES = [
  "SELECT a, `b c`, at FROM r.`so``urce` WHERE (a > 1) AND NOT (`b c` = 'it''s')",
  "WITH 3 AS least SELECT a, count() AS n FROM r.`so``urce` GROUP BY a HAVING n > least",
  "SELECT a, n FROM (SELECT a, sum(a) AS n FROM r.`so``urce` AS s GROUP BY ALL)",
  "SELECT s.a, t.n FROM r.`so``urce` AS s LEFT JOIN r.target AS t USING (a) ORDER BY s.a DESC LIMIT 1 BY a",
  "SELECT a, CASE WHEN a = 1 THEN 'x' ELSE 'y' END AS `b c` FROM r.`so``urce` UNION ALL SELECT 1, 'z'",
  "SELECT a, tags['k'] AS `b c`, row_number() OVER (PARTITION BY at ORDER BY a) AS n FROM r.`so``urce`",
];
const SECURITIES = [
  "",
  " SQL SECURITY INVOKER",
  " SQL SECURITY NONE",
  " DEFINER = `a-b` SQL SECURITY DEFINER",
  " SQL SECURITY DEFINER",
];
const REFRESHES = [
  "",
  "",
  " REFRESH EVERY 1 HOUR OFFSET 5 MINUTE",
  " REFRESH AFTER 1 DAY 2 HOUR RANDOMIZE FOR 10 MINUTE APPEND",
];
const TARGETS = [
  "TO r.target",
  "ENGINE = MergeTree ORDER BY a",
  "ENGINE = SummingMergeTree PARTITION BY a PRIMARY KEY a ORDER BY (a) SETTINGS index_granularity = 100",
];

const ordinary = fc
  .record({
    query: fc.constantFrom(...QUERIES),
    security: fc.constantFrom(...SECURITIES),
    comment: fc.constantFrom(...COMMENTS),
    list: fc.boolean(),
  })
  .map(({ query, security, comment, list }) => {
    return `CREATE VIEW r.v${list ? " (a Float64 COMMENT 'of the source')" : ""}${security}${comment} AS ${query}`;
  });

const materialized = fc
  .record({
    query: fc.constantFrom(...QUERIES.slice(0, 3)),
    security: fc.constantFrom("", " DEFINER = `a-b` SQL SECURITY DEFINER", " SQL SECURITY NONE"),
    comment: fc.constantFrom(...COMMENTS),
    refresh: fc.constantFrom(...REFRESHES),
    target: fc.constantFrom(...TARGETS),
    list: fc.constantFrom("", " (a UInt64 COMMENT 'x')"),
  })
  .map(({ query, security, comment, refresh, target, list }) => {
    const isTo = target.startsWith("TO");
    const place = isTo ? ` ${target}${list}` : `${list} ${target}`;
    return `CREATE MATERIALIZED VIEW r.v${refresh}${place}${security}${comment} AS ${query}`;
  });

/** A CREATE VIEW or CREATE MATERIALIZED VIEW in some spelling; the engine refuses some. */
export const randomView: fc.Arbitrary<string> = fc.oneof(ordinary, materialized);
