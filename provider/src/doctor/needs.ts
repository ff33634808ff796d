import type { Right } from "../sql/grants";
import { quoteIdentifier } from "../sql/identifiers";

/** What a privilege is needed for; see {@link PURPOSES}. */
export type Purpose = "read" | "change" | "protocols" | "definitions" | "status" | "access";

/** Each purpose, for people. */
export const PURPOSES: Readonly<Record<Purpose, string>> = {
  read: "preview, refresh and drift",
  change: "creating, altering and dropping",
  protocols: "rebuilds, backfills, renames, and views that no ALTER can change",
  definitions: "functions and dictionaries",
  status: "clickhouse-schema status",
  access: "users, roles, grants, quotas, settings profiles, row policies and named collections",
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
  access: ["CREATE ROW POLICY", "ALTER ROW POLICY", "DROP ROW POLICY"],
};

/** What is in no database. */
const ON_SERVER: Readonly<Record<Purpose, readonly string[]>> = {
  read: [],
  change: [],
  protocols: [],
  definitions: ["CREATE FUNCTION", "DROP FUNCTION"],
  status: [],
  access: [
    ...["USER", "ROLE", "QUOTA", "SETTINGS PROFILE"].flatMap((what) =>
      ["CREATE", "ALTER", "DROP"].map((verb) => `${verb} ${what}`),
    ),
    // Who creates a role may not give it to anybody without this.
    "ROLE ADMIN",
    // Brings SELECT on the system tables of most of these and, for row policies, SHOW TABLES on everything: any table may use a collection.
    "SHOW ACCESS",
  ],
};
/** What is granted on the name of a collection. */
const ON_COLLECTIONS: readonly string[] = [
  "CREATE NAMED COLLECTION",
  "ALTER NAMED COLLECTION",
  "DROP NAMED COLLECTION",
  "SHOW NAMED COLLECTIONS",
];

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
  access: ["role_grants", "grants", "settings_profile_elements", "named_collections"],
};

/** Needed so that the working tables of an operation show nobody more than the table itself; see `operation/guard.ts`. */
const TO_GUARD: readonly string[] = ["CREATE ROW POLICY", "DROP ROW POLICY"];

/**
 * The least privileges that this package needs.
 *
 * @param databases names of databases, which need not exist; none: all.
 * @param engines table engines in use, for servers that require a privilege for each.
 * @param guarded those of the databases with a table that somebody may see only in part.
 * @param passedOn privileges that a program gives to others; undefined: it declares no users and the like.
 */
export function neededRights(
  databases: readonly string[],
  engines: readonly string[],
  guarded: readonly string[] = [],
  passedOn?: readonly Right[],
): Need[] {
  const levels = databases.length === 0 ? ["*.*"] : databases.map((name) => `${quoteIdentifier(name)}.*`);
  const purposes = purposesOf(passedOn);
  return purposes.flatMap((purpose) => [
    ...levels.flatMap((level) => ON_DATABASE[purpose].map((privilege) => ({ privilege, level, purpose }))),
    ...ON_SERVER[purpose].map((privilege) => ({ privilege, level: "*.*", purpose })),
    ...(purpose === "access" ? ON_COLLECTIONS : []).map((privilege) => ({ privilege, level: "*", purpose })),
    ...(purpose === "access" ? (passedOn ?? []) : []).map((right) => ({ ...right, option: true, purpose })),
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

/** What is asked for: nobody needs the rights of an administrator for tables alone. */
export function purposesOf(passedOn: readonly Right[] | undefined): Purpose[] {
  return (Object.keys(PURPOSES) as Purpose[]).filter((purpose) => purpose !== "access" || passedOn !== undefined);
}

/** The protocols create their own tables. */
const PROTOCOL_ENGINES: readonly string[] = ["MergeTree", "Null", "ReplacingMergeTree"];

function enginesFor(purpose: Purpose, used: readonly string[]): readonly string[] {
  if (purpose === "change") return used;
  return purpose === "protocols" ? PROTOCOL_ENGINES.filter((engine) => !used.includes(engine)) : [];
}
