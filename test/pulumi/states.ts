import type { ObjectKind } from "../../provider/src/sql/spec";
import { urnOf } from "../support/provider";

/** A name of its own: digests in states depend on it. */
export const DATABASE = "states_of_old";

/** An object of a recorded stack. */
export interface Declared {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly database?: string;
  readonly args: object;
  /** What the second run declares. */
  readonly later?: object;
  /** Its name in the second run. */
  readonly renamed?: string;
  /** The second run fails half way. */
  readonly fails?: true;
  readonly sensitive?: boolean;
  readonly deletion?: string;
  readonly dependsOn: readonly string[];
}

/** What Pulumi stores of it, and the server's statement. */
export interface Stored {
  readonly id: string;
  readonly inputs: Record<string, unknown>;
  readonly outs: Record<string, unknown>;
  readonly live: string;
}

export interface StoredState {
  /** Its version. */
  readonly server: string;
  /** One for each of {@link OBJECTS}. */
  readonly objects: readonly Stored[];
}

/** As the second run declares it. */
export function lastDeclared({ renamed, later, ...one }: Declared): Declared & { readonly urn: string } {
  const urn = urnOf(one.kind, one.name, one.database);
  return { ...one, ...(renamed !== undefined && { name: renamed }), ...(later !== undefined && { args: later }), urn };
}

const on = (kind: ObjectKind, name: string): string => urnOf(kind, name, DATABASE);
const IN = { database: DATABASE, dependsOn: [urnOf("database", DATABASE)] };
const COLUMNS = {
  id: "UInt64",
  day: { type: "Date", codec: "DoubleDelta, LZ4" },
  text: { type: "LowCardinality(String)", default: "'none'", comment: "free text" },
  long: { type: "UInt64", materialized: "length(text)" },
};

/** A stack with all that 0.1.0 managed, in the order in which it is declared. */
export const OBJECTS: readonly Declared[] = [
  { kind: "database", name: DATABASE, args: { comment: "a stack of 0.1.0" }, dependsOn: [] },
  {
    ...IN,
    kind: "table",
    name: "events",
    args: {
      columns: COLUMNS,
      orderBy: ["id", "day"],
      partitionBy: "toYYYYMM(day)",
      ttl: "day + INTERVAL 100 YEAR",
      settings: { index_granularity: 4096 },
      indexes: [{ name: "by_text", expression: "text", type: "bloom_filter(0.01)" }],
      projections: [{ name: "per_day", query: "SELECT day, count() GROUP BY day" }],
      constraints: [{ name: "positive", check: "id >= 0" }],
    },
  },
  {
    ...IN,
    kind: "table",
    name: "sums",
    args: { columns: { day: "Date", n: "UInt64" }, engine: "SummingMergeTree", orderBy: "day" },
    deletion: "drop",
  },
  {
    ...IN,
    kind: "table",
    name: "in_sql",
    args: {
      sql: `CREATE TABLE ${DATABASE}.in_sql (a UInt8, b Array(String)) ENGINE = ReplacingMergeTree ORDER BY (a) COMMENT 'sql'`,
    },
  },
  {
    ...IN,
    kind: "materializedView",
    name: "sums_mv",
    args: { to: `${DATABASE}.sums`, query: `SELECT day, count() AS n FROM ${DATABASE}.events GROUP BY day` },
    dependsOn: [...IN.dependsOn, on("table", "events"), on("table", "sums")],
  },
  {
    ...IN,
    kind: "materializedView",
    name: "inner_mv",
    args: {
      inner: { engine: "SummingMergeTree", orderBy: "day" },
      query: `SELECT day, count() AS n FROM ${DATABASE}.events GROUP BY day`,
    },
    dependsOn: [...IN.dependsOn, on("table", "events")],
  },
  {
    ...IN,
    kind: "view",
    name: "per_day",
    args: { query: `SELECT day, sum(n) AS n FROM ${DATABASE}.sums GROUP BY day` },
    dependsOn: [...IN.dependsOn, on("table", "sums")],
  },
  {
    ...IN,
    kind: "table",
    name: "changed",
    args: { columns: { a: "UInt64" }, orderBy: "a" },
    later: { columns: { a: "UInt64", b: "String" }, orderBy: "a" },
  },
  {
    ...IN,
    kind: "table",
    name: "rebuilt",
    args: { columns: { a: "UInt64", b: "UInt64" }, orderBy: "a" },
    later: { columns: { a: "UInt64", b: "UInt64" }, orderBy: ["b", "a"] },
  },
  {
    ...IN,
    kind: "table",
    name: "begun",
    renamed: "failed",
    args: { columns: { a: "UInt64" }, orderBy: "a" },
    later: { columns: { a: "UInt64", b: "String" }, orderBy: "a" },
    fails: true,
  },
  {
    ...IN,
    kind: "table",
    name: "secret",
    args: { sql: `CREATE TABLE ${DATABASE}.secret (a String DEFAULT 'hush') ENGINE = MergeTree ORDER BY a` },
    sensitive: true,
  },
];
