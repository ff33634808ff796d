import { type PlanCase, stored, table } from "../case";

const ALIASED = "a UInt64, b UInt32";

/** What is stored of a column that changes: of its time zone, its type, the expression of an alias. */
export const stale: readonly PlanCase[] = [
  {
    name: "time zone under a function of the partition key",
    from: stored("a UInt64, d DateTime('UTC')", "MergeTree PARTITION BY toDate(d) ORDER BY a"),
    to: stored("a UInt64, d DateTime('Asia/Tokyo')", "MergeTree PARTITION BY toDate(d) ORDER BY a"),
    hazards: ["copies-rows"],
    sql: ["rebuild: toDate(d) of PARTITION BY gives other values: d DateTime('UTC') → DateTime('Asia/Tokyo')"],
  },
  {
    name: "time zone under a function of the sorting key",
    from: stored("a UInt64, d DateTime64(3)", "MergeTree ORDER BY (a, toStartOfDay(d))"),
    to: stored("a UInt64, d DateTime64(3, 'Asia/Tokyo')", "MergeTree ORDER BY (a, toStartOfDay(d))"),
    hazards: ["copies-rows"],
    sql: ["rebuild: toStartOfDay(d) of ORDER BY gives other values: d DateTime64(3) → DateTime64(3, 'Asia/Tokyo')"],
  },
  {
    name: "enum extended under a function of the sorting key",
    from: stored("a UInt64, e Enum8('x' = 1)", "MergeTree ORDER BY (a, toString(e))"),
    to: stored("a UInt64, e Enum8('x' = 1, 'y' = 2)", "MergeTree ORDER BY (a, toString(e))"),
    hazards: ["copies-rows"],
    sql: ["rebuild: toString(e) of ORDER BY gives other values: e Enum8('x' = 1) → Enum8('x' = 1, 'y' = 2)"],
  },
  {
    name: "time zone under an index over the column itself",
    from: table("a UInt64, d DateTime('UTC'), INDEX i d TYPE minmax"),
    to: table("a UInt64, d DateTime('Asia/Tokyo'), INDEX i d TYPE minmax"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `d` DateTime('Asia/Tokyo')"],
  },
  {
    name: "time zone under an index over a function",
    from: table("a UInt64, d DateTime('UTC'), INDEX i toHour(d) TYPE set(10)"),
    to: table("a UInt64, d DateTime('Asia/Tokyo'), INDEX i toHour(d) TYPE set(10)"),
    hazards: ["metadata-only"],
    sql: [
      "ALTER TABLE p.t DROP INDEX i",
      "ALTER TABLE p.t MODIFY COLUMN `d` DateTime('Asia/Tokyo'), ADD INDEX i toHour(d) TYPE set(10) GRANULARITY 1",
    ],
  },
  {
    name: "alias under an index",
    from: table(`${ALIASED}, l String ALIAS toString(b), INDEX i l TYPE bloom_filter`),
    to: table(`${ALIASED}, l String ALIAS toString(b + 1), INDEX i l TYPE bloom_filter`),
    hazards: ["metadata-only"],
    sql: [
      "ALTER TABLE p.t DROP INDEX i",
      "ALTER TABLE p.t MODIFY COLUMN `l` String ALIAS toString(b + 1), ADD INDEX i l TYPE bloom_filter GRANULARITY 1",
    ],
  },
  {
    name: "alias under an index, built in old parts",
    from: table(`${ALIASED}, l String ALIAS toString(b), INDEX i l TYPE bloom_filter`),
    to: table(`${ALIASED}, l String ALIAS toString(b + 1), INDEX i l TYPE bloom_filter`),
    materialize: true,
    hazards: ["metadata-only", "rewrites-parts"],
    sql: [
      "ALTER TABLE p.t DROP INDEX i",
      "ALTER TABLE p.t MODIFY COLUMN `l` String ALIAS toString(b + 1), ADD INDEX i l TYPE bloom_filter GRANULARITY 1",
      "ALTER TABLE p.t MATERIALIZE INDEX i",
    ],
  },
  {
    name: "alias under an alias under an index",
    from: table(`${ALIASED}, l String ALIAS toString(b), m String ALIAS concat(l, 'x'), INDEX i lower(m) TYPE set(9)`),
    to: table(
      `${ALIASED}, l String ALIAS toString(b + 1), m String ALIAS concat(l, 'x'), INDEX i lower(m) TYPE set(9)`,
    ),
    hazards: ["metadata-only"],
    sql: [
      "ALTER TABLE p.t DROP INDEX i",
      "ALTER TABLE p.t MODIFY COLUMN `l` String ALIAS toString(b + 1), ADD INDEX i lower(m) TYPE set(9) GRANULARITY 1",
    ],
  },
  {
    name: "type of a column under an alias under an index",
    from: table(`${ALIASED}, l String ALIAS toString(b), INDEX i l TYPE bloom_filter`),
    to: table("a UInt64, b UInt64, l String ALIAS toString(b), INDEX i l TYPE bloom_filter"),
    hazards: ["metadata-only", "rewrites-parts"],
    sql: [
      "ALTER TABLE p.t DROP INDEX i",
      "ALTER TABLE p.t MODIFY COLUMN `b` UInt64, ADD INDEX i l TYPE bloom_filter GRANULARITY 1",
    ],
  },
  {
    name: "alias under an index becomes a stored column",
    from: table(`${ALIASED}, l String ALIAS toString(b), INDEX i l TYPE bloom_filter`),
    to: table(`${ALIASED}, l String, INDEX i l TYPE bloom_filter`),
    hazards: ["metadata-only", "keeps-old-rows"],
    sql: [
      "ALTER TABLE p.t DROP INDEX i",
      "ALTER TABLE p.t MODIFY COLUMN `l` REMOVE ALIAS, ADD INDEX i l TYPE bloom_filter GRANULARITY 1",
    ],
  },
  {
    name: "alias under a projection",
    from: table(`${ALIASED}, l String ALIAS toString(b), PROJECTION r (SELECT l, count() GROUP BY l)`),
    to: table(`${ALIASED}, l String ALIAS toString(b + 1), PROJECTION r (SELECT l, count() GROUP BY l)`),
    hazards: ["metadata-only", "rewrites-parts"],
    sql: [
      "ALTER TABLE p.t DROP PROJECTION r",
      "ALTER TABLE p.t MODIFY COLUMN `l` String ALIAS toString(b + 1), ADD PROJECTION r ( SELECT l, count() GROUP BY l )",
      "ALTER TABLE p.t MATERIALIZE PROJECTION r",
    ],
  },
  {
    name: "time zone under a projection over a function",
    from: table("a UInt64, d DateTime('UTC'), PROJECTION r (SELECT toDate(d), count() GROUP BY toDate(d))"),
    to: table("a UInt64, d DateTime('Asia/Tokyo'), PROJECTION r (SELECT toDate(d), count() GROUP BY toDate(d))"),
    hazards: ["metadata-only", "rewrites-parts"],
    sql: [
      "ALTER TABLE p.t DROP PROJECTION r",
      "ALTER TABLE p.t MODIFY COLUMN `d` DateTime('Asia/Tokyo'), ADD PROJECTION r ( SELECT toDate(d), count() GROUP BY toDate(d) )",
      "ALTER TABLE p.t MATERIALIZE PROJECTION r",
    ],
  },
  {
    name: "time zone under a projection over the column itself",
    from: table("a UInt64, d DateTime('UTC'), PROJECTION r (SELECT d, a ORDER BY d)"),
    to: table("a UInt64, d DateTime('Asia/Tokyo'), PROJECTION r (SELECT d, a ORDER BY d)"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `d` DateTime('Asia/Tokyo')"],
  },
  {
    name: "enum extended under a projection",
    from: table("a UInt64, e Enum8('x' = 1), PROJECTION r (SELECT e, count() GROUP BY e)"),
    to: table("a UInt64, e Enum8('x' = 1, 'y' = 2), PROJECTION r (SELECT e, count() GROUP BY e)"),
    hazards: ["metadata-only", "rewrites-parts"],
    sql: [
      "ALTER TABLE p.t DROP PROJECTION r",
      "ALTER TABLE p.t MODIFY COLUMN `e` Enum8('x' = 1, 'y' = 2), ADD PROJECTION r ( SELECT e, count() GROUP BY e )",
      "ALTER TABLE p.t MATERIALIZE PROJECTION r",
    ],
  },
  {
    name: "column renamed under a projection of every column",
    from: table("a UInt64, b UInt8, c String, PROJECTION r (SELECT * ORDER BY b)"),
    to: table("a UInt64, b UInt8, d String, PROJECTION r (SELECT * ORDER BY b)"),
    renamedColumns: { d: "c" },
    hazards: ["metadata-only", "breaks-reader", "rewrites-parts"],
    sql: [
      "ALTER TABLE p.t DROP PROJECTION r",
      "ALTER TABLE p.t RENAME COLUMN `c` TO `d`, ADD PROJECTION r ( SELECT * ORDER BY b )",
      "ALTER TABLE p.t MATERIALIZE PROJECTION r",
    ],
  },
  {
    name: "column with a default added under a projection of every column",
    from: table("a UInt64, b UInt8, PROJECTION r (SELECT * ORDER BY b)"),
    to: table("a UInt64, b UInt8, c UInt8 DEFAULT 7, PROJECTION r (SELECT * ORDER BY b)"),
    hazards: ["metadata-only", "rewrites-parts"],
    sql: [
      "ALTER TABLE p.t DROP PROJECTION r",
      "ALTER TABLE p.t ADD COLUMN `c` UInt8 DEFAULT 7 AFTER `b`, ADD PROJECTION r ( SELECT * ORDER BY b )",
      "ALTER TABLE p.t MATERIALIZE PROJECTION r",
    ],
  },
  {
    name: "time zone under a MATERIALIZED column and a constraint",
    from: table("a UInt64, d DateTime('UTC'), m Date MATERIALIZED toDate(d), CONSTRAINT k CHECK toHour(d) < 24"),
    to: table("a UInt64, d DateTime('Asia/Tokyo'), m Date MATERIALIZED toDate(d), CONSTRAINT k CHECK toHour(d) < 24"),
    hazards: ["metadata-only", "may-fail"],
    says: [
      "rows keep m as toDate(d) gave it before d DateTime('UTC') → DateTime('Asia/Tokyo'); ALTER TABLE p.t MATERIALIZE COLUMN `m`",
      "constraint k is not checked on rows that are there, and reads d DateTime('UTC') → DateTime('Asia/Tokyo')",
    ],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `d` DateTime('Asia/Tokyo')"],
  },
  {
    name: "projection added where merges change rows",
    from: stored(
      "a UInt64, b UInt8",
      "ReplacingMergeTree ORDER BY a SETTINGS deduplicate_merge_projection_mode = 'rebuild'",
    ),
    to: stored(
      "a UInt64, b UInt8, PROJECTION r (SELECT b ORDER BY b)",
      "ReplacingMergeTree ORDER BY a SETTINGS deduplicate_merge_projection_mode = 'rebuild'",
    ),
    hazards: ["metadata-only", "rewrites-parts"],
    says: ["rows in parts with and without a projection would never be merged with each other"],
    sql: ["ALTER TABLE p.t ADD PROJECTION r ( SELECT b ORDER BY b )", "ALTER TABLE p.t MATERIALIZE PROJECTION r"],
  },
];
