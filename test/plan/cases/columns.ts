import { type PlanCase, table } from "../case";

/** Columns added and dropped. */
export const columns: readonly PlanCase[] = [
  {
    name: "no change",
    from: table("a UInt64, s String"),
    to: table("a UInt64, s String"),
    hazards: [],
    sql: [],
  },
  {
    name: "no change, however it is spelled",
    from: table("a UInt64, s String"),
    to: "create table p.t (`a` UInt64, s String) engine = MergeTree() order by (a)",
    hazards: [],
    sql: [],
  },
  {
    name: "column added at the end",
    from: table("a UInt64"),
    to: table("a UInt64, b String"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t ADD COLUMN `b` String AFTER `a`"],
  },
  {
    name: "column added first",
    from: table("a UInt64"),
    to: table("b String, a UInt64"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t ADD COLUMN `b` String FIRST"],
  },
  {
    name: "column added in the middle",
    from: table("a UInt64, c UInt8"),
    to: table("a UInt64, b String, c UInt8"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t ADD COLUMN `b` String AFTER `a`"],
  },
  {
    name: "several columns added, next to one another",
    from: table("a UInt64, z UInt8"),
    to: table("a UInt64, b String, c UInt8, z UInt8, d Date"),
    hazards: ["metadata-only"],
    sql: [
      "ALTER TABLE p.t ADD COLUMN `b` String AFTER `a`, ADD COLUMN `c` UInt8 AFTER `b`, ADD COLUMN `d` Date AFTER `z`",
    ],
  },
  {
    name: "column added with default, comment, codec and TTL",
    from: table("a UInt64, d DateTime"),
    to: table(
      "a UInt64, d DateTime, x UInt32 DEFAULT a + 1 COMMENT 'it''s' CODEC(Delta, ZSTD(3)) TTL d + INTERVAL 1 DAY",
    ),
    hazards: ["metadata-only"],
    sql: [
      "ALTER TABLE p.t ADD COLUMN `x` UInt32 DEFAULT a + 1 COMMENT 'it\\'s' CODEC(Delta(4), ZSTD(3)) TTL d + toIntervalDay(1) AFTER `d`",
    ],
  },
  {
    name: "column added with statistics and settings, which ADD COLUMN forgets",
    from: table("a UInt64"),
    to: table("a UInt64, x UInt32 STATISTICS(tdigest, minmax) SETTINGS (max_compress_block_size = 5000)"),
    hazards: ["metadata-only"],
    sql: [
      "ALTER TABLE p.t (ADD COLUMN `x` UInt32 AFTER `a`), (MODIFY COLUMN `x` MODIFY SETTING max_compress_block_size = 5000), (ADD STATISTICS `x` TYPE tdigest, minmax)",
    ],
  },
  {
    name: "materialized column added",
    from: table("a UInt64"),
    to: table("a UInt64, m UInt64 MATERIALIZED a * 2"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t ADD COLUMN `m` UInt64 MATERIALIZED a * 2 AFTER `a`"],
  },
  {
    name: "alias column added",
    from: table("a UInt64"),
    to: table("a UInt64, m UInt64 ALIAS a * 2"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t ADD COLUMN `m` UInt64 ALIAS a * 2 AFTER `a`"],
  },
  {
    name: "ephemeral column and its reader added",
    from: table("a UInt64"),
    to: table("a UInt64, e String EPHEMERAL, l UInt64 DEFAULT length(e)"),
    hazards: ["metadata-only"],
    sql: [
      "ALTER TABLE p.t ADD COLUMN `e` String EPHEMERAL defaultValueOfTypeName('String') AFTER `a`, ADD COLUMN `l` UInt64 DEFAULT length(e) AFTER `e`",
    ],
  },
  {
    name: "columns added whose defaults read one another",
    from: table("a UInt64"),
    to: table("a UInt64, x UInt64 DEFAULT y + 1, y UInt64 DEFAULT a"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t ADD COLUMN `x` UInt64 DEFAULT y + 1 AFTER `a`, ADD COLUMN `y` UInt64 DEFAULT a AFTER `x`"],
  },
  {
    name: "column with a name that needs quotes added",
    from: table("a UInt64"),
    to: table("a UInt64, `select` UInt8, `b``t` UInt8, `ü x` UInt8"),
    hazards: ["metadata-only"],
    sql: [
      "ALTER TABLE p.t ADD COLUMN `select` UInt8 AFTER `a`, ADD COLUMN `b\\`t` UInt8 AFTER `select`, ADD COLUMN `ü x` UInt8 AFTER `b\\`t`",
    ],
  },
  {
    name: "Nested columns added",
    from: table("a UInt64"),
    to: table("a UInt64, n Nested(x UInt8, y String)"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t ADD COLUMN `n.x` Array(UInt8) AFTER `a`, ADD COLUMN `n.y` Array(String) AFTER `n.x`"],
  },
  {
    name: "column dropped",
    from: table("a UInt64, b String"),
    to: table("a UInt64"),
    hazards: ["drops-data"],
    sql: ["ALTER TABLE p.t DROP COLUMN `b`"],
  },
  {
    name: "several columns dropped",
    from: table("a UInt64, b String, c UInt8, d Date"),
    to: table("a UInt64, c UInt8"),
    hazards: ["drops-data"],
    sql: ["ALTER TABLE p.t DROP COLUMN `b`, DROP COLUMN `d`"],
  },
  {
    name: "alias column dropped",
    from: table("a UInt64, b UInt64 ALIAS a"),
    to: table("a UInt64"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t DROP COLUMN `b`"],
  },
  {
    name: "column dropped and another of its type added: looks like a rename",
    from: table("a UInt64, usr_name String"),
    to: table("a UInt64, user_name String"),
    hazards: ["drops-data"],
    sql: ["ALTER TABLE p.t DROP COLUMN `usr_name`, ADD COLUMN `user_name` String AFTER `a`"],
  },
  {
    name: "column dropped with the column that is computed from it",
    from: table("a UInt64, b String, c UInt64 DEFAULT length(b)"),
    to: table("a UInt64"),
    hazards: ["drops-data"],
    sql: ["ALTER TABLE p.t DROP COLUMN `c`, DROP COLUMN `b`"],
  },
  {
    name: "column dropped and another one no longer computed from it",
    from: table("a UInt64, b String, c UInt64 DEFAULT length(b)"),
    to: table("a UInt64, c UInt64"),
    hazards: ["metadata-only", "drops-data"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `c` REMOVE DEFAULT", "ALTER TABLE p.t DROP COLUMN `b`"],
  },
  {
    name: "column dropped and another one computed from a new one",
    from: table("a UInt64, b UInt64, c UInt64 DEFAULT b + 1"),
    to: table("a UInt64, c UInt64 DEFAULT x + 1, x UInt64"),
    hazards: ["metadata-only", "drops-data"],
    sql: [
      "ALTER TABLE p.t MODIFY COLUMN `c` UInt64 DEFAULT x + 1, ADD COLUMN `x` UInt64 AFTER `c`",
      "ALTER TABLE p.t DROP COLUMN `b`",
    ],
  },
  {
    name: "column dropped with its index, projection, constraint and TTL",
    from: table(
      "a UInt64, b UInt64, d DateTime, INDEX i b TYPE minmax, CONSTRAINT k CHECK b > 0, PROJECTION r (SELECT b ORDER BY b)",
      "TTL d + INTERVAL 1 DAY WHERE b > 1",
    ),
    to: table("a UInt64, d DateTime"),
    hazards: ["metadata-only", "drops-data"],
    sql: ["ALTER TABLE p.t DROP INDEX i, DROP PROJECTION r, DROP CONSTRAINT k, DROP COLUMN `b`, REMOVE TTL"],
  },
  {
    name: "column dropped that a column TTL reads",
    from: table("a UInt64, d DateTime, x UInt8 TTL d + INTERVAL 1 DAY"),
    to: table("a UInt64, x UInt8"),
    hazards: ["drops-data"],
    sql: ["ALTER TABLE p.t DROP COLUMN `d`, MODIFY COLUMN `x` REMOVE TTL"],
  },
];
