import { type PlanCase, table } from "../case";

/** Defaults, and columns that become stored or no longer are. */
export const defaults: readonly PlanCase[] = [
  {
    name: "default set",
    from: table("a UInt64, b UInt8"),
    to: table("a UInt64, b UInt8 DEFAULT 5"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `b` UInt8 DEFAULT 5"],
  },
  {
    name: "default changed",
    from: table("a UInt64, b UInt8 DEFAULT 4"),
    to: table("a UInt64, b UInt8 DEFAULT 5"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `b` UInt8 DEFAULT 5"],
  },
  {
    name: "default removed",
    from: table("a UInt64, b UInt8 DEFAULT 4"),
    to: table("a UInt64, b UInt8"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `b` REMOVE DEFAULT"],
  },
  {
    name: "default becomes materialized",
    from: table("a UInt64, b UInt64 DEFAULT a"),
    to: table("a UInt64, b UInt64 MATERIALIZED a"),
    hazards: ["breaks-reader"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `b` UInt64 MATERIALIZED a"],
  },
  {
    name: "materialized becomes default",
    from: table("a UInt64, b UInt64 MATERIALIZED a"),
    to: table("a UInt64, b UInt64 DEFAULT a"),
    hazards: ["breaks-reader"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `b` UInt64 DEFAULT a"],
  },
  {
    name: "materialized removed",
    from: table("a UInt64, b UInt64 MATERIALIZED a"),
    to: table("a UInt64, b UInt64"),
    hazards: ["breaks-reader"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `b` REMOVE MATERIALIZED"],
  },
  {
    name: "stored column becomes an alias",
    from: table("a UInt64, b UInt64"),
    to: table("a UInt64, b UInt64 ALIAS a + 1"),
    hazards: ["drops-data"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `b` UInt64 ALIAS a + 1"],
  },
  {
    name: "alias becomes stored",
    from: table("a UInt64, b UInt64 ALIAS a + 1"),
    to: table("a UInt64, b UInt64"),
    hazards: ["keeps-old-rows"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `b` REMOVE ALIAS"],
  },
  {
    name: "alias expression and type changed",
    from: table("a UInt64, b UInt64 ALIAS a + 1"),
    to: table("a UInt64, b String ALIAS toString(a)"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `b` String ALIAS toString(a)"],
  },
  {
    name: "ephemeral becomes stored",
    from: table("a UInt64, b UInt64 EPHEMERAL 3"),
    to: table("a UInt64, b UInt64"),
    hazards: ["keeps-old-rows", "metadata-only"],
    sql: [
      "ALTER TABLE p.t MODIFY COLUMN `b` UInt64 DEFAULT defaultValueOfTypeName('UInt64')",
      "ALTER TABLE p.t MODIFY COLUMN `b` REMOVE DEFAULT",
    ],
  },
  {
    name: "stored becomes ephemeral",
    from: table("a UInt64, b UInt64"),
    to: table("a UInt64, b UInt64 EPHEMERAL 3"),
    hazards: ["drops-data"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `b` UInt64 EPHEMERAL 3"],
  },
  {
    name: "key column gets a default, a codec and a comment",
    from: table("a UInt64, b UInt8"),
    to: table("a UInt64 DEFAULT 7 COMMENT 'key' CODEC(Delta, LZ4), b UInt8"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `a` UInt64 DEFAULT 7 CODEC(Delta(8), LZ4), COMMENT COLUMN `a` 'key'"],
  },
  {
    name: "defaults that read one another the other way round",
    from: table("a UInt64, b UInt64, c UInt64 DEFAULT b + 1"),
    to: table("a UInt64, b UInt64 DEFAULT c + 1, c UInt64"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `c` REMOVE DEFAULT", "ALTER TABLE p.t MODIFY COLUMN `b` UInt64 DEFAULT c + 1"],
  },
  {
    name: "a chain of defaults turned round",
    from: table("a UInt64, b UInt64, c UInt64 DEFAULT b + 1, d UInt64 DEFAULT c + 1"),
    to: table("a UInt64, b UInt64 DEFAULT c + 1, c UInt64 DEFAULT d + 1, d UInt64"),
    hazards: ["metadata-only"],
    sql: [
      "ALTER TABLE p.t MODIFY COLUMN `d` REMOVE DEFAULT",
      "ALTER TABLE p.t MODIFY COLUMN `c` UInt64 DEFAULT d + 1",
      "ALTER TABLE p.t MODIFY COLUMN `b` UInt64 DEFAULT c + 1",
    ],
  },
  {
    name: "alias becomes stored, with a codec",
    from: table("a UInt64, b UInt64 ALIAS a + 1"),
    to: table("a UInt64, b UInt64 CODEC(ZSTD(1))"),
    hazards: ["keeps-old-rows", "metadata-only"],
    sql: [
      "ALTER TABLE p.t MODIFY COLUMN `b` UInt64 DEFAULT defaultValueOfTypeName('UInt64')",
      "ALTER TABLE p.t MODIFY COLUMN `b` UInt64 CODEC(ZSTD(1)), MODIFY COLUMN `b` REMOVE DEFAULT",
    ],
  },
  {
    name: "alias becomes materialized, with a codec and another type",
    from: table("a UInt64, b UInt64 ALIAS a + 1"),
    to: table("a UInt64, b String MATERIALIZED toString(a) CODEC(ZSTD(1))"),
    hazards: ["keeps-old-rows", "metadata-only"],
    sql: [
      "ALTER TABLE p.t MODIFY COLUMN `b` String MATERIALIZED toString(a)",
      "ALTER TABLE p.t MODIFY COLUMN `b` String CODEC(ZSTD(1))",
    ],
  },
  {
    name: "alias becomes nullable, and another default reads it",
    from: table("a UInt64, b UInt64 ALIAS a + 1"),
    to: table("a UInt64, b Nullable(UInt64), c UInt64 DEFAULT length(toString(b))"),
    hazards: ["keeps-old-rows", "metadata-only"],
    sql: [
      "ALTER TABLE p.t MODIFY COLUMN `b` Nullable(UInt64) DEFAULT CAST(materialize(NULL), 'Nullable(UInt64)'), ADD COLUMN `c` UInt64 DEFAULT length(toString(b)) AFTER `b`",
      "ALTER TABLE p.t MODIFY COLUMN `b` REMOVE DEFAULT",
    ],
  },
  {
    name: "stored column with a codec becomes an alias of another type",
    from: table("a UInt64, b UInt64 CODEC(ZSTD(1))"),
    to: table("a UInt64, b String ALIAS toString(a)"),
    hazards: ["metadata-only", "drops-data"],
    sql: [
      "ALTER TABLE p.t MODIFY COLUMN `b` REMOVE CODEC, MODIFY COLUMN `b` UInt64 ALIAS defaultValueOfTypeName('UInt64')",
      "ALTER TABLE p.t MODIFY COLUMN `b` String ALIAS toString(a)",
    ],
  },
  {
    name: "column added with a default and settings",
    from: table("a UInt64"),
    to: table("a UInt64, b UInt64 DEFAULT a + 1 SETTINGS (max_compress_block_size = 5000)"),
    hazards: ["metadata-only"],
    sql: [
      "ALTER TABLE p.t ADD COLUMN `b` UInt64 DEFAULT a + 1 AFTER `a`, MODIFY COLUMN `b` MODIFY SETTING max_compress_block_size = 5000",
    ],
  },
  {
    name: "dropped column with a TTL, and a default that read it",
    from: table("a UInt64, d DateTime, b UInt64 TTL d + INTERVAL 1 DAY, c UInt64 DEFAULT b"),
    to: table("a UInt64, c UInt64"),
    hazards: ["metadata-only", "drops-data"],
    sql: [
      "ALTER TABLE p.t MODIFY COLUMN `b` REMOVE TTL, MODIFY COLUMN `c` REMOVE DEFAULT",
      "ALTER TABLE p.t DROP COLUMN `d`, DROP COLUMN `b`",
    ],
  },
];
