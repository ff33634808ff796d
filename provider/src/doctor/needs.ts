import type { Right } from "../sql/grants";
import { quoteIdentifier } from "../sql/identifiers";

/** What a privilege is needed for; see {@link PURPOSES}. */
export type Purpose = "read" | "change" | "protocols" | "definitions" | "status";

/** Each purpose, for people. */
export const PURPOSES: Readonly<Record<Purpose, string>> = {
  read: "preview, refresh and drift",
  change: "creating, altering and dropping",
  protocols: "rebuilds, backfills, renames, and views that no ALTER can change",
  definitions: "functions and dictionaries",
  status: "clickhouse-schema status",
};

/** A privilege, and what it is needed for. */
export interface Need extends Right {
  readonly purpose: Purpose;
}

/**
 * Privileges on each database, each of them proven to be needed. CREATE, ALTER and DROP of a table also cover those of a view.
 */
const ON_DATABASE: Readonly<Record<Purpose, readonly string[]>> = {
  read: ["SHOW TABLES", "SHOW COLUMNS"],
  change: [
    "CREATE DATABASE",
    "CREATE TABLE",
    "ALTER TABLE",
    "ALTER DATABASE",
    "DROP DATABASE",
    "DROP TABLE",
    // Whoever creates a materialized view must be allowed to read its sources and to fill its target.
    "SELECT",
    "INSERT",
  ],
  protocols: ["TRUNCATE", "OPTIMIZE", "SYSTEM MERGES", "SYSTEM TTL MERGES", "SYSTEM VIEWS"],
  // CREATE OR REPLACE of one also needs SELECT, INSERT, CREATE TABLE and DROP TABLE.
  definitions: ["CREATE DICTIONARY", "DROP DICTIONARY"],
  status: [],
};

/** Functions are in no database. */
const ON_SERVER: readonly string[] = ["CREATE FUNCTION", "DROP FUNCTION"];

/** Tables of `system` that are queried and for which the server may require a privilege; others are open to everybody. */
const ON_SYSTEM: Readonly<Record<Purpose, readonly string[]>> = {
  read: [],
  change: ["mutations", "processes"],
  protocols: [
    "parts",
    "parts_columns",
    "merges",
    "disks",
    "storage_policies",
    "merge_tree_settings",
    "view_refreshes",
    "row_policies",
    "grants",
  ],
  definitions: ["row_policies"],
  status: ["parts", "disks", "view_refreshes", "query_views_log"],
};

/** Needed so that the working tables of an operation show nobody more than the table itself; see `operation/guard.ts`. */
const TO_GUARD: readonly string[] = ["CREATE ROW POLICY", "DROP ROW POLICY"];

/**
 * The least privileges that this package needs.
 *
 * @param databases names of databases, which need not exist; none: all.
 * @param engines table engines in use, for servers that require a privilege for each.
 * @param guarded those of the databases with a table that somebody may see only in part.
 */
export function neededRights(
  databases: readonly string[],
  engines: readonly string[],
  guarded: readonly string[] = [],
): Need[] {
  const levels = databases.length === 0 ? ["*.*"] : databases.map((name) => `${quoteIdentifier(name)}.*`);
  const purposes = Object.keys(PURPOSES) as Purpose[];
  return purposes.flatMap((purpose) => [
    ...levels.flatMap((level) => ON_DATABASE[purpose].map((privilege) => ({ privilege, level, purpose }))),
    ...(purpose === "definitions" ? ON_SERVER : []).map((privilege) => ({ privilege, level: "*.*", purpose })),
    ...(purpose === "protocols" ? guarded : []).flatMap((name) =>
      TO_GUARD.map((privilege) => ({ privilege, level: `${quoteIdentifier(name)}.*`, purpose })),
    ),
    ...ON_SYSTEM[purpose].map((table) => ({ privilege: "SELECT", level: `system.${table}`, purpose })),
    ...enginesFor(purpose, engines).map((level) => ({
      privilege: "TABLE ENGINE",
      level: quoteIdentifier(level),
      purpose,
    })),
  ]);
}

/** The protocols create their own tables. */
const PROTOCOL_ENGINES: readonly string[] = ["MergeTree", "Null", "ReplacingMergeTree"];

function enginesFor(purpose: Purpose, used: readonly string[]): readonly string[] {
  if (purpose === "change") return used;
  return purpose === "protocols" ? PROTOCOL_ENGINES.filter((engine) => !used.includes(engine)) : [];
}
