import { type PlanCase, stored } from "../case";

/** Before columns of a Memory table change, its rows are stored as they are read. */
const STORED = "ALTER TABLE p.t DELETE WHERE 0 SETTINGS max_execution_time = 0, timeout_overflow_mode = 'throw'";

/** Engines that take fewer ALTERs than MergeTree. */
export const engines: readonly PlanCase[] = [
  {
    name: "Log: comments",
    from: stored("a UInt64, b UInt8", "Log"),
    to: stored("a UInt64 COMMENT 'y', b UInt8", "Log COMMENT 'x'"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t COMMENT COLUMN `a` 'y', MODIFY COMMENT 'x'"],
  },
  {
    name: "Log: column added",
    from: stored("a UInt64, b UInt8", "Log"),
    to: stored("a UInt64, b UInt8, c UInt8", "Log"),
    hazards: ["copies-rows"],
    sql: ["rebuild: Log takes no ADD COLUMN"],
  },
  {
    name: "Memory: columns",
    from: stored("a UInt64, b UInt8", "Memory"),
    to: stored("c UInt8, a UInt64, b UInt16", "Memory"),
    hazards: ["rewrites-parts"],
    sql: [STORED, "ALTER TABLE p.t ADD COLUMN `c` UInt8 FIRST, MODIFY COLUMN `b` UInt16"],
  },
  {
    name: "Memory: column without values, comment and default",
    from: stored("a UInt64, b UInt8", "Memory"),
    to: stored("a UInt64 DEFAULT 1, b UInt8 COMMENT 'x', c UInt8 ALIAS b", "Memory"),
    hazards: ["metadata-only"],
    sql: [
      "ALTER TABLE p.t MODIFY COLUMN `a` UInt64 DEFAULT 1, COMMENT COLUMN `b` 'x', ADD COLUMN `c` UInt8 ALIAS b AFTER `b`",
    ],
  },
  {
    name: "Memory: column with a default",
    from: stored("a UInt64", "Memory"),
    to: stored("a UInt64, b UInt8 DEFAULT 5", "Memory"),
    hazards: ["rewrites-parts", "keeps-old-rows"],
    says: ["rows of the Memory table p.t that exist read the initial value of UInt8 in b, whatever its default"],
    sql: [STORED, "ALTER TABLE p.t ADD COLUMN `b` UInt8 DEFAULT 5 AFTER `a`"],
  },
  {
    name: "Memory: column renamed",
    from: stored("a UInt64, b UInt8", "Memory"),
    to: stored("a UInt64, c UInt8", "Memory"),
    renamedColumns: { c: "b" },
    hazards: ["copies-rows", "breaks-reader"],
    sql: ["rebuild: Memory takes no RENAME COLUMN"],
  },
  {
    name: "Memory: setting changed",
    from: stored("a UInt64, b UInt8", "Memory SETTINGS max_rows_to_keep = 100"),
    to: stored("a UInt64, b UInt8", "Memory SETTINGS max_rows_to_keep = 200"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t MODIFY SETTING max_rows_to_keep = 200"],
  },
  {
    name: "Memory: setting reset",
    from: stored("a UInt64, b UInt8", "Memory SETTINGS max_rows_to_keep = 100"),
    to: stored("a UInt64, b UInt8", "Memory"),
    hazards: ["copies-rows"],
    sql: ["rebuild: Memory takes no change of setting"],
  },
  {
    name: "Null: columns",
    from: stored("a UInt64, b UInt8", "Null"),
    to: stored("a UInt32, c String", "Null"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t DROP COLUMN `b`, MODIFY COLUMN `a` UInt32, ADD COLUMN `c` String AFTER `a`"],
  },
  {
    name: "Null: column renamed",
    from: stored("a UInt64, b UInt8", "Null"),
    to: stored("a UInt64, c UInt8", "Null"),
    renamedColumns: { c: "b" },
    hazards: ["metadata-only", "breaks-reader"],
    says: ["CREATE OR REPLACE TABLE p.t", 'set rebuild: "offline" where materialized views read it'],
    sql: ["rebuild: Null takes no RENAME COLUMN"],
  },
  {
    name: "Merge: column added",
    from: stored("a UInt64, b UInt8", "Merge('p', 'nothing')"),
    to: stored("a UInt64, b UInt8, c UInt8", "Merge('p', 'nothing')"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t ADD COLUMN `c` UInt8 AFTER `b`"],
  },
  {
    name: "Buffer: column dropped",
    from: stored("a UInt64, b UInt8", "Buffer('p', 'x', 1, 10, 100, 1, 2, 3, 4)"),
    to: stored("a UInt64", "Buffer('p', 'x', 1, 10, 100, 1, 2, 3, 4)"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t DROP COLUMN `b`"],
  },
  {
    name: "Buffer: other limits",
    from: stored("a UInt64, b UInt8", "Buffer('p', 'x', 1, 10, 100, 1, 2, 3, 4)"),
    to: stored("a UInt64, b UInt8", "Buffer('p', 'x', 2, 10, 100, 1, 2, 3, 4)"),
    hazards: ["metadata-only"],
    says: ["CREATE OR REPLACE TABLE p.t", 'set rebuild: "offline" where materialized views read it'],
    sql: ["rebuild: engine Buffer('p', 'x', 1, 10, 100, 1, 2, 3, 4) → Buffer('p', 'x', 2, 10, 100, 1, 2, 3, 4)"],
  },
  {
    name: "Join: comment",
    from: stored("a UInt64, b UInt8", "Join(ANY, LEFT, a)"),
    to: stored("a UInt64, b UInt8", "Join(ANY, LEFT, a) COMMENT 'x'"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t MODIFY COMMENT 'x'"],
  },
  {
    name: "URL: comment",
    from: stored("a UInt64, b UInt8", "URL('http://localhost/x', 'CSV')"),
    to: stored("a UInt64, b UInt8", "URL('http://localhost/x', 'CSV') COMMENT 'x'"),
    hazards: ["metadata-only"],
    sql: ["ALTER TABLE p.t MODIFY COMMENT 'x'"],
  },
  {
    name: "Kafka: setting",
    from: stored("a UInt64, b UInt8", "Kafka('l', 't', 'g', 'CSV') SETTINGS kafka_max_block_size = 100"),
    to: stored("a UInt64, b UInt8", "Kafka('l', 't', 'g', 'CSV') SETTINGS kafka_max_block_size = 200"),
    hazards: ["metadata-only"],
    sql: ["rebuild: Kafka takes no change of setting"],
  },
];
