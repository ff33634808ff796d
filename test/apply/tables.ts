/** A table between two views, and what it is rebuilt into. */
import type { Connection } from "../../provider/src/connection/connection";

/** One kind of change. */
export interface Variant {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** Column list, when it changes too. */
  readonly toColumns?: string;
  /** Whether a view reads the table; else inserts are never refused. */
  readonly read: boolean;
  /** Whether equal rows are rows of their own in the new table. */
  readonly repeats: boolean;
}

export const COLUMNS =
  "(`id` UInt64, `grp` UInt32, `v` Int64, `note` Nullable(String), `twice` UInt64 MATERIALIZED id * 2, `label` String ALIAS toString(id))";
const TO_INT = COLUMNS.replace("`id` UInt64", "`id` Int64").replace("`grp` UInt32", "`grp` UInt64");
const BY_GROUP = "ENGINE = MergeTree PARTITION BY grp % 3 ORDER BY id";

export const VARIANTS: readonly Variant[] = [
  {
    name: "ORDER BY",
    from: BY_GROUP,
    to: "ENGINE = MergeTree PARTITION BY grp % 3 ORDER BY (v, id)",
    read: true,
    repeats: true,
  },
  {
    name: "PARTITION BY",
    from: BY_GROUP,
    to: "ENGINE = MergeTree PARTITION BY grp % 2 ORDER BY id",
    read: true,
    repeats: true,
  },
  {
    name: "unpartitioned to partitioned",
    from: "ENGINE = MergeTree ORDER BY id",
    to: "ENGINE = MergeTree PARTITION BY grp % 4 ORDER BY (grp, id)",
    read: true,
    repeats: true,
  },
  {
    name: "MergeTree to ReplacingMergeTree with a version",
    from: BY_GROUP,
    to: "ENGINE = ReplacingMergeTree(v) PARTITION BY grp % 3 ORDER BY id",
    read: true,
    repeats: false,
  },
  {
    name: "MergeTree to SummingMergeTree",
    from: "ENGINE = MergeTree PARTITION BY grp % 2 ORDER BY (grp, id)",
    to: "ENGINE = SummingMergeTree(v) PARTITION BY grp % 3 ORDER BY (id, grp)",
    read: true,
    repeats: true,
  },
  {
    name: "type of a key column",
    from: "ENGINE = MergeTree PARTITION BY grp % 3 ORDER BY (id, grp)",
    to: "ENGINE = MergeTree PARTITION BY grp % 3 ORDER BY (id, grp)",
    toColumns: TO_INT,
    read: true,
    repeats: true,
  },
  {
    name: "without a reading view",
    from: BY_GROUP,
    to: "ENGINE = MergeTree PARTITION BY grp % 2 ORDER BY (v, id)",
    read: false,
    repeats: true,
  },
  {
    name: "SummingMergeTree, without a reading view",
    from: "ENGINE = SummingMergeTree(v) PARTITION BY grp % 2 ORDER BY (grp, id)",
    to: "ENGINE = SummingMergeTree(v) ORDER BY (id, grp)",
    read: false,
    repeats: true,
  },
  {
    name: "to ReplacingMergeTree without a version, without a reading view",
    from: BY_GROUP,
    to: "ENGINE = ReplacingMergeTree PARTITION BY grp % 2 ORDER BY id",
    read: false,
    repeats: false,
  },
];

/** CREATE text of the table before and after. */
export function definitions(database: string, variant: Variant): { from: string; to: string } {
  return {
    from: `CREATE TABLE ${database}.t ${COLUMNS} ${variant.from}`,
    to: `CREATE TABLE ${database}.t ${variant.toColumns ?? COLUMNS} ${variant.to}`,
  };
}

/** Makes `u` → view → `t` → view → `agg`. */
export async function createTables(connection: Connection, database: string, variant: Variant): Promise<void> {
  const statements = [
    definitions(database, variant).from,
    `CREATE TABLE ${database}.u ${COLUMNS} ENGINE = MergeTree ORDER BY id`,
    `CREATE MATERIALIZED VIEW ${database}.u_to_t TO ${database}.t AS SELECT id, grp, v, note FROM ${database}.u`,
    `CREATE TABLE ${database}.agg (id Int64, c SimpleAggregateFunction(sum, Int64)) ENGINE = AggregatingMergeTree ORDER BY id`,
  ];
  if (variant.read) {
    statements.push(
      `CREATE MATERIALIZED VIEW ${database}.t_to_agg TO ${database}.agg AS SELECT id, sum(v) AS c FROM ${database}.t GROUP BY id`,
    );
  }
  for (const sql of statements) await connection.command(sql);
}

/** Notes down that the server was tried out, so that crashes hit the rebuild and not the trial, which has tests of its own. */
export async function skipSelfTest(connection: Connection, database: string): Promise<void> {
  const { version } = connection;
  await connection.command(
    `CREATE TABLE ${database}._schema_ops (op String, key String, value String, ver UInt64) ENGINE = ReplacingMergeTree(ver) ORDER BY (op, key)`,
  );
  const line = { op: "selftest", key: `version:${version}`, value: JSON.stringify({ version, failed: [] }), ver: 1 };
  const numbers = { op: "selftest", key: `numbers:${version}`, value: "true", ver: 2 };
  await connection.insert(`${database}._schema_ops`, [line, numbers]);
}
