import { type PlanCase, table } from "../case";

/** What else stands behind a column's type. */
export const columnClauses: readonly PlanCase[] = [
  {
    name: "codec set",
    from: table("a UInt64, b String"),
    to: table("a UInt64, b String CODEC(ZSTD(3))"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `b` String CODEC(ZSTD(3))"],
  },
  {
    name: "codec changed",
    from: table("a UInt64, b String CODEC(LZ4)"),
    to: table("a UInt64, b String CODEC(ZSTD(3))"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `b` String CODEC(ZSTD(3))"],
  },
  {
    name: "codec removed",
    from: table("a UInt64, b String CODEC(LZ4)"),
    to: table("a UInt64, b String"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `b` REMOVE CODEC"],
  },
  {
    name: "column comment set",
    from: table("a UInt64, b String"),
    to: table("a UInt64, b String COMMENT 'it''s'"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t COMMENT COLUMN `b` 'it\\'s'"],
  },
  {
    name: "column comment changed",
    from: table("a UInt64, b String COMMENT 'x'"),
    to: table("a UInt64, b String COMMENT 'y'"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t COMMENT COLUMN `b` 'y'"],
  },
  {
    name: "column comment removed",
    from: table("a UInt64, b String COMMENT 'x'"),
    to: table("a UInt64, b String"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t COMMENT COLUMN `b` ''"],
  },
  {
    name: "column TTL set",
    from: table("a UInt64, d DateTime, b String"),
    to: table("a UInt64, d DateTime, b String TTL d + INTERVAL 1 DAY"),
    hazards: ["drops-data"],
    sql: [
      "ALTER TABLE p.t MODIFY COLUMN `b` String TTL d + toIntervalDay(1) SETTINGS materialize_ttl_after_modify = 0",
    ],
  },
  {
    name: "column TTL made longer",
    from: table("a UInt64, d DateTime, b String TTL d + INTERVAL 1 DAY"),
    to: table("a UInt64, d DateTime, b String TTL d + INTERVAL 1 WEEK"),
    hazards: ["metadata-only"],
    sql: [
      "ALTER TABLE p.t MODIFY COLUMN `b` String TTL d + toIntervalWeek(1) SETTINGS materialize_ttl_after_modify = 0",
    ],
  },
  {
    name: "column TTL made shorter",
    from: table("a UInt64, d DateTime, b String TTL d + INTERVAL 1 WEEK"),
    to: table("a UInt64, d DateTime, b String TTL d + INTERVAL 1 DAY"),
    hazards: ["drops-data"],
    sql: [
      "ALTER TABLE p.t MODIFY COLUMN `b` String TTL d + toIntervalDay(1) SETTINGS materialize_ttl_after_modify = 0",
    ],
  },
  {
    name: "column TTL removed",
    from: table("a UInt64, d DateTime, b String TTL d + INTERVAL 1 WEEK"),
    to: table("a UInt64, d DateTime, b String"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `b` REMOVE TTL"],
  },
  {
    name: "column settings set",
    from: table("a UInt64, b String"),
    to: table("a UInt64, b String SETTINGS (max_compress_block_size = 5000)"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `b` String SETTINGS (max_compress_block_size = 5000)"],
  },
  {
    name: "column settings changed",
    from: table("a UInt64, b String SETTINGS (max_compress_block_size = 5000, min_compress_block_size = 100)"),
    to: table("a UInt64, b String SETTINGS (max_compress_block_size = 6000)"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `b` String SETTINGS (max_compress_block_size = 6000)"],
  },
  {
    name: "column settings in another order",
    from: table("a UInt64, b String SETTINGS (max_compress_block_size = 5000, min_compress_block_size = 100)"),
    to: table("a UInt64, b String SETTINGS (min_compress_block_size = 100, max_compress_block_size = 5000)"),
    hazards: [],
    sql: [],
  },
  {
    name: "column settings removed",
    from: table("a UInt64, b String SETTINGS (max_compress_block_size = 5000)"),
    to: table("a UInt64, b String"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `b` REMOVE SETTINGS"],
  },
  {
    name: "statistics added",
    from: table("a UInt64, b UInt32"),
    to: table("a UInt64, b UInt32 STATISTICS(tdigest)"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t ADD STATISTICS `b` TYPE tdigest"],
  },
  {
    name: "statistics changed",
    from: table("a UInt64, b UInt32 STATISTICS(tdigest)"),
    to: table("a UInt64, b UInt32 STATISTICS(minmax, uniq)"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t MODIFY STATISTICS `b` TYPE uniq, minmax"],
  },
  {
    name: "statistics in another order",
    from: table("a UInt64, b UInt32 STATISTICS(uniq, minmax)"),
    to: table("a UInt64, b UInt32 STATISTICS(minmax, uniq)"),
    hazards: [],
    sql: [],
  },
  {
    name: "statistics removed",
    from: table("a UInt64, b UInt32 STATISTICS(tdigest)"),
    to: table("a UInt64, b UInt32"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t DROP STATISTICS `b`"],
  },
  {
    name: "statistics built in old parts",
    from: table("a UInt64, b UInt32"),
    to: table("a UInt64, b UInt32 STATISTICS(tdigest)"),
    materialize: true,
    hazards: ["metadata-only", "rewrites-parts"],
    sql: ["ALTER TABLE p.t ADD STATISTICS `b` TYPE tdigest", "ALTER TABLE p.t MATERIALIZE STATISTICS `b`"],
  },
  {
    name: "statistics of two columns, and a setting behind them",
    from: table("a UInt64, b UInt32, c UInt32 STATISTICS(tdigest)"),
    to: table("a UInt64, b UInt32 STATISTICS(tdigest), c UInt32", "SETTINGS merge_with_ttl_timeout = 100"),
    hazards: ["metadata-only"],
    sql: [
      "ALTER TABLE p.t (ADD STATISTICS `b` TYPE tdigest), (DROP STATISTICS `c`), (MODIFY SETTING merge_with_ttl_timeout = 100)",
    ],
  },
  {
    name: "everything of a column at once",
    from: table("a UInt64, d DateTime, b UInt32 DEFAULT 1 COMMENT 'x' CODEC(LZ4) TTL d + INTERVAL 1 WEEK"),
    to: table(
      "b UInt64 MATERIALIZED a COMMENT 'y' CODEC(ZSTD(1)) STATISTICS(uniq) TTL d + INTERVAL 2 WEEK SETTINGS (max_compress_block_size = 5000), a UInt64, d DateTime",
    ),
    hazards: ["rewrites-parts", "breaks-reader", "metadata-only"],
    sql: [
      "ALTER TABLE p.t (MODIFY COLUMN `b` UInt64 MATERIALIZED a CODEC(ZSTD(1)) TTL d + toIntervalWeek(2) SETTINGS (max_compress_block_size = 5000) FIRST), (COMMENT COLUMN `b` 'y'), (ADD STATISTICS `b` TYPE uniq) SETTINGS materialize_ttl_after_modify = 0",
    ],
  },
  {
    name: "everything of a column taken away",
    from: table(
      "a UInt64, d DateTime, b UInt64 MATERIALIZED a COMMENT 'y' CODEC(ZSTD(1)) STATISTICS(uniq) TTL d + INTERVAL 2 WEEK SETTINGS (max_compress_block_size = 5000)",
    ),
    to: table("a UInt64, d DateTime, b UInt64"),
    hazards: ["metadata-only", "breaks-reader"],
    sql: [
      "ALTER TABLE p.t MODIFY COLUMN `b` REMOVE CODEC, MODIFY COLUMN `b` REMOVE TTL, MODIFY COLUMN `b` REMOVE SETTINGS, MODIFY COLUMN `b` REMOVE MATERIALIZED, COMMENT COLUMN `b` '', DROP STATISTICS `b`",
    ],
  },
];
