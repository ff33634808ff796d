import { type PlanCase, table } from "../case";

/** Columns renamed and moved. */
export const columnNames: readonly PlanCase[] = [
  {
    name: "column renamed",
    from: table("a UInt64, b String"),
    to: table("a UInt64, c String"),
    renamedColumns: { c: "b" },
    hazards: ["breaks-reader"],
    sql: ["ALTER TABLE p.t RENAME COLUMN `b` TO `c`"],
  },
  {
    name: "rename that was done before",
    from: table("a UInt64, c String"),
    to: table("a UInt64, c String"),
    renamedColumns: { c: "b" },
    hazards: [],
    sql: [],
  },
  {
    name: "column renamed that a default, an index, a constraint and the TTL read",
    from: table(
      "a UInt64, b UInt64, d DateTime, x UInt64 DEFAULT b + 1, INDEX i b TYPE minmax, CONSTRAINT k CHECK b > 0",
      "TTL d + INTERVAL 1 DAY",
    ),
    to: table(
      "a UInt64, c UInt64, e DateTime, x UInt64 DEFAULT c + 1, INDEX i c TYPE minmax, CONSTRAINT k CHECK c > 0",
      "TTL e + INTERVAL 1 DAY",
    ),
    renamedColumns: { c: "b", e: "d" },
    hazards: ["breaks-reader"],
    sql: ["ALTER TABLE p.t RENAME COLUMN `b` TO `c`, RENAME COLUMN `d` TO `e`"],
  },
  {
    name: "column renamed that a projection reads",
    from: table("a UInt64, b UInt64, PROJECTION r (SELECT b ORDER BY b)"),
    to: table("a UInt64, c UInt64, PROJECTION r (SELECT c ORDER BY c)"),
    renamedColumns: { c: "b" },
    hazards: ["metadata-only", "breaks-reader"],
    sql: [
      "ALTER TABLE p.t DROP PROJECTION r",
      "ALTER TABLE p.t RENAME COLUMN `b` TO `c`, ADD PROJECTION r ( SELECT c ORDER BY c )",
    ],
  },
  {
    name: "column renamed and retyped",
    from: table("a UInt64, b UInt32"),
    to: table("a UInt64, c UInt64 DEFAULT 3"),
    renamedColumns: { c: "b" },
    hazards: ["breaks-reader", "rewrites-parts", "metadata-only"],
    sql: ["ALTER TABLE p.t RENAME COLUMN `b` TO `c`", "ALTER TABLE p.t MODIFY COLUMN `c` UInt64 DEFAULT 3"],
  },
  {
    name: "column renamed and moved, others added",
    from: table("a UInt64, b UInt32, z UInt8"),
    to: table("c UInt32, a UInt64, z UInt8, n UInt8"),
    renamedColumns: { c: "b" },
    hazards: ["breaks-reader"],
    sql: [
      "ALTER TABLE p.t RENAME COLUMN `b` TO `c`",
      "ALTER TABLE p.t MODIFY COLUMN `c` UInt32 FIRST, ADD COLUMN `n` UInt8 AFTER `z`",
    ],
  },
  {
    name: "column renamed and a new one under the old name",
    from: table("a UInt64, b UInt32"),
    to: table("a UInt64, c UInt32, b String"),
    renamedColumns: { c: "b" },
    hazards: ["breaks-reader"],
    sql: ["ALTER TABLE p.t RENAME COLUMN `b` TO `c`, ADD COLUMN `b` String AFTER `c`"],
  },
  {
    name: "column dropped and another renamed to its name",
    from: table("a UInt64, b UInt32, c UInt32"),
    to: table("a UInt64, c UInt32"),
    renamedColumns: { c: "b" },
    hazards: ["drops-data", "breaks-reader"],
    sql: ["ALTER TABLE p.t DROP COLUMN `c`, RENAME COLUMN `b` TO `c`"],
  },
  {
    name: "column renamed, another dropped, another added after it",
    from: table("a UInt64, b UInt32, x UInt8"),
    to: table("a UInt64, c UInt32, y String"),
    renamedColumns: { c: "b" },
    hazards: ["drops-data", "breaks-reader"],
    sql: ["ALTER TABLE p.t DROP COLUMN `x`, RENAME COLUMN `b` TO `c`, ADD COLUMN `y` String AFTER `c`"],
  },
  {
    name: "column moved to the front",
    from: table("a UInt64, b String, c UInt8"),
    to: table("c UInt8, a UInt64, b String"),
    hazards: ["breaks-reader"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `c` UInt8 FIRST"],
  },
  {
    name: "columns in reverse order",
    from: table("a UInt64, b String, c UInt8, d Date"),
    to: table("d Date, c UInt8, b String, a UInt64"),
    hazards: ["breaks-reader"],
    sql: [
      "ALTER TABLE p.t MODIFY COLUMN `d` Date FIRST, MODIFY COLUMN `c` UInt8 AFTER `d`, MODIFY COLUMN `b` String AFTER `c`",
    ],
  },
  {
    name: "two columns swapped, one added between, one dropped",
    from: table("a UInt64, b String, c UInt8, d Date"),
    to: table("a UInt64, c UInt8, n UInt8, b String"),
    hazards: ["drops-data", "breaks-reader"],
    sql: ["ALTER TABLE p.t DROP COLUMN `d`, MODIFY COLUMN `c` UInt8 AFTER `a`, ADD COLUMN `n` UInt8 AFTER `c`"],
  },
  {
    name: "moved and retyped",
    from: table("a UInt64, b UInt8, c UInt8"),
    to: table("a UInt64, c UInt8, b UInt32"),
    hazards: ["breaks-reader", "rewrites-parts"],
    sql: ["ALTER TABLE p.t MODIFY COLUMN `c` UInt8 AFTER `a`, MODIFY COLUMN `b` UInt32"],
  },
];
