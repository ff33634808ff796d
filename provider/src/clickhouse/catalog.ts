import { quoteString } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";
import { everywhere, readSettings } from "./cluster";

// What more than one file asks the system tables. A condition on one object is text, not a parameter, as everywhere in operations.

/** A server, an embedded engine, or the runner of an operation. */
export interface Server {
  /** A cluster on whose hosts an object is. */
  readonly cluster?: { readonly name: string };
  query<Row extends object>(sql: string, params?: Readonly<Record<string, string | readonly string[]>>): Promise<Row[]>;
}

/** Condition that selects a table in a system table. @param column the column that holds the name. */
export function isTable({ database, name }: QualifiedName, column: "table" | "name" | "view"): string {
  return `database = ${quoteString(database)} AND ${column} = ${quoteString(name)}`;
}

/** A table or view in `system.tables`. */
export interface TableFacts {
  readonly uuid: string;
  readonly engine: string;
  /** CREATE on one line. */
  readonly statement: string;
  /** Rows, as far as the engine counts them. */
  readonly rows: number;
}

/** Undefined when it does not exist or is detached. */
export async function readTable(server: Server, table: QualifiedName): Promise<TableFacts | undefined> {
  const [row] = await server.query<Omit<TableFacts, "rows"> & { readonly rows: string }>(
    "SELECT toString(uuid) AS uuid, engine, create_table_query AS statement, toString(ifNull(total_rows, 0)) AS rows " +
      `FROM system.tables WHERE ${isTable(table, "name")}`,
  );
  return row && { ...row, rows: Number(row.rows) };
}

/** UUID of a table; undefined when it does not exist or is detached. */
export async function uuidOf(server: Server, table: QualifiedName): Promise<string | undefined> {
  return (await readTable(server, table))?.uuid;
}

/** Definitions, formatted as SHOW CREATE formats them, with the UUID. */
export function formattedDefinitions(
  server: Server,
  condition: string,
): Promise<{ readonly uuid: string; readonly statement: string }[]> {
  return server.query(
    `SELECT toString(uuid) AS uuid, formatQuery(create_table_query) AS statement FROM system.tables WHERE ${condition} ORDER BY database, name`,
  );
}

/** Tables whose definition contains one of the words, with that definition. */
export function tablesNaming(
  server: Server,
  words: readonly string[],
): Promise<(QualifiedName & { readonly statement: string })[]> {
  return server.query(
    `SELECT database, name, create_table_query AS statement FROM system.tables WHERE match(create_table_query, ${quoteString(`(?:${words.join("|")})\\W`)}) ` +
      "ORDER BY database, name",
  );
}

/** Databases that have a table of this name. */
export async function databasesWith(server: Server, table: string): Promise<string[]> {
  const rows = await server.query<{ database: string }>(
    "SELECT database FROM system.tables WHERE name = {name:String} ORDER BY database",
    { name: table },
  );
  return rows.map(({ database }) => database);
}

/** Whether a table passes inserted rows on to a view. @param source that table; any, if undefined. */
export async function isSubscribed(server: Server, view: QualifiedName, source?: QualifiedName): Promise<boolean> {
  const pair = `(${quoteString(view.database)}, ${quoteString(view.name)})`;
  const [row] = await server.query(
    `SELECT 1 AS one FROM system.tables WHERE has(arrayZip(dependencies_database, dependencies_table), ${pair})` +
      `${source === undefined ? "" : ` AND ${isTable(source, "name")}`} LIMIT 1`,
  );
  return row !== undefined;
}

export interface DatabaseFacts {
  readonly name: string;
  readonly engine: string;
  readonly uuid: string;
}

/** Every database that the user sees, the server's own included. */
export function listDatabases(server: Server): Promise<DatabaseFacts[]> {
  return server.query("SELECT name, engine, toString(uuid) AS uuid FROM system.databases ORDER BY name");
}

/** Undefined when it does not exist. */
export async function readDatabase(server: Server, name: string): Promise<DatabaseFacts | undefined> {
  const [row] = await server.query<DatabaseFacts>(
    `SELECT name, engine, toString(uuid) AS uuid FROM system.databases WHERE name = ${quoteString(name)}`,
  );
  return row;
}

export interface ColumnFacts {
  readonly name: string;
  readonly type: string;
  /** `DEFAULT`, `ALIAS` and the like; empty for none. */
  readonly kind: string;
  readonly expression: string;
}

/** The columns of a table or view, in order. */
export function readColumns(server: Server, table: QualifiedName): Promise<ColumnFacts[]> {
  return server.query(
    "SELECT name, type, default_kind AS kind, default_expression AS expression FROM system.columns " +
      `WHERE ${isTable(table, "table")} ORDER BY position`,
  );
}

/** An unfinished mutation. */
export interface Mutation {
  readonly id: string;
  readonly command: string;
  /** Number of parts that are left. */
  readonly left: string;
  /** Why it failed last; empty if it has not. */
  readonly reason: string;
  readonly killed: boolean;
}

/** The unfinished mutations of a table; with a cluster, those on all its hosts. */
export async function unfinishedMutations(server: Server, table: QualifiedName): Promise<Mutation[]> {
  const { cluster } = server;
  const rows = await server.query<Omit<Mutation, "killed"> & { readonly killed: number | boolean }>(
    "SELECT mutation_id AS id, command, toString(parts_to_do) AS left, latest_fail_reason AS reason, is_killed AS killed " +
      `FROM ${everywhere("mutations", cluster)} WHERE ${isTable(table, "table")} AND NOT is_done${readSettings(cluster)}`,
  );
  return rows.map((row) => ({ ...row, killed: Boolean(row.killed) }));
}

/** State of a refreshable view. */
export interface RefreshState {
  /** `Scheduled`, `Running`, `Disabled` and the like. */
  readonly status: string;
  /** Of the last refresh; empty if it succeeded. */
  readonly exception: string;
}

/** Undefined for a view that does not exist or is not refreshable. */
export async function refreshState(server: Server, view: QualifiedName): Promise<RefreshState | undefined> {
  const [row] = await server.query<RefreshState>(
    `SELECT toString(status) AS status, exception FROM system.view_refreshes WHERE ${isTable(view, "view")}`,
  );
  return row;
}

/** MergeTree's settings on this server, by name; those that it does not have are missing. */
export async function mergeTreeSettings(server: Server, names: readonly string[]): Promise<Map<string, string>> {
  const rows = await server.query<{ name: string; value: string }>(
    "SELECT name, value FROM system.merge_tree_settings WHERE name IN {names:Array(String)}",
    { names },
  );
  return new Map(rows.map(({ name, value }) => [name, value]));
}
