import type { Connection } from "../connection/connection";
import { lackingRights } from "../connection/rights";
import { isAccessDenied, isUnknownColumn, isUnknownTable } from "../connection/server-message";
import { SchemaError } from "../errors";
import {
  type CollectionEntry,
  type NamedCollectionSpec,
  renderNamedCollection,
  sortedEntries,
} from "../sql/access/named-collection";
import { grantStatements, type Right } from "../sql/grants";
import { qualifiedName, quoteIdentifier, quoteString, unquoteIdentifier, unquoteString } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import { keyNamed, objectKey, quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { LiveObject } from "./live-object";
import { HiddenError, listFilters } from "./visibility";

interface Row {
  readonly name: string;
  readonly keys: readonly string[];
  /** The statement with a question mark for each value; absent on servers that have none. */
  readonly flags?: string;
}

/** Values are masked before they leave the server: it shows them to who may see secrets. */
const READ = String.raw`SELECT name, mapKeys(collection) AS keys,
replaceRegexpAll(replaceRegexpAll(create_query, '\'(?:[^\'\\\\]|\\\\.)*\'', '?'), ' = [^ ,?]+', ' = ?') AS flags
FROM system.named_collections ORDER BY name`;
/** 24.8 has no statement, and so no flags. */
const READ_OLD = "SELECT name, mapKeys(collection) AS keys FROM system.named_collections ORDER BY name";

/** All named collections that this user may see, with their keys and without their values. One query. */
export async function readCollections(connection: Connection): Promise<LiveObject[]> {
  return (await readRows(connection)).map((row) => ({
    key: keyNamed("namedCollection", undefined, row.name),
    statement: renderNamedCollection(specOf(row)),
    engine: "NamedCollection",
    uuid: "",
    rows: undefined,
    bytes: undefined,
  }));
}

async function readRows(connection: Connection, sql = READ): Promise<Row[]> {
  try {
    return await connection.query<Row>(sql);
  } catch (error) {
    // Whether one is hidden is asked where it matters.
    if (isUnknownTable(error) || isAccessDenied(error)) return [];
    if (!isUnknownColumn(error) || sql === READ_OLD) throw error;
    return readRows(connection, READ_OLD);
  }
}

function specOf({ name, keys, flags }: Row): NamedCollectionSpec {
  const shown = flags === undefined ? undefined : flagsIn(flags);
  const entries = keys.map((key): CollectionEntry => {
    if (shown === undefined) return { key, overridable: "unknown" };
    const overridable = shown.get(key);
    return overridable === undefined ? { key } : { key, overridable };
  });
  return { kind: "namedCollection", name, entries: sortedEntries(entries) };
}

/** Undefined where a name or key is so unusual that masking has met it. */
function flagsIn(masked: string): ReadonlyMap<string, CollectionEntry["overridable"]> | undefined {
  try {
    const spec = parseCreate(masked.replaceAll(" = ?", " = '?'"));
    return "entries" in spec ? new Map(spec.entries.map(({ key, overridable }) => [key, overridable])) : undefined;
  } catch {
    return undefined;
  }
}

/** A list without it may be one that does not show it. @throws {HiddenError} when this user may not see it. */
export async function refuseHiddenCollection(connection: Connection, name: string): Promise<void> {
  if (connection.url.startsWith("chdb:")) return;
  const { missing, roles } = await lackingRights(connection, [
    { privilege: "SHOW NAMED COLLECTIONS", level: quoteIdentifier(name) },
    { privilege: "SELECT", level: "system.named_collections" },
  ]);
  if (missing.length === 0 || roles.length > 0) return;
  throw new HiddenError(
    `${quoteIdentifier(name)}: this user may not see named collections, so whether it exists is unknown. It is left as it is. Grant the right: ` +
      (await grantTo(connection, missing)),
  );
}

interface UserRow {
  readonly database: string;
  readonly name: string;
  readonly statement: string;
}

/** What uses a collection. */
export interface CollectionUser {
  readonly key: string;
  /** For people: `shop.orders`, `database mysql`. */
  readonly label: string;
}

/**
 * What uses a named collection: tables, views, dictionaries and databases, by their definitions. The server does not refuse to drop one that is
 * in use (before 26): 24.8 does not start again after that, and 25.8 cannot list the database.
 *
 * @throws {SchemaError} when this user may not see all that could use it.
 */
export async function usersOfCollection(connection: Connection, name: string): Promise<CollectionUser[]> {
  await refuseUnseen(connection, name);
  const pattern = quoteString(name);
  const rows = await connection.query<UserRow>(
    `SELECT database, name, create_table_query AS statement FROM system.tables WHERE position(create_table_query, ${pattern}) > 0
UNION ALL SELECT name AS database, '' AS name, concat('CREATE DATABASE x ENGINE = ', engine_full) FROM system.databases WHERE position(engine_full, ${pattern}) > 0`,
  );
  if (rows.length === 0) return [];
  const takers = await takersOf(connection);
  return rows
    .filter(({ statement }) => usesCollection(statement, name, takers))
    .map(({ database, name: own }) =>
      own === ""
        ? { key: objectKey(database), label: `database ${quoteIdentifier(database)}` }
        : { key: objectKey(database, own), label: qualifiedName({ database, name: own }) },
    )
    .sort((a, b) => (a.label < b.label ? -1 : 1));
}

/** Table engines, database engines and table functions of the server, in lower case. */
async function takersOf(connection: Connection): Promise<ReadonlySet<string>> {
  const rows = await connection.query<{ name: string }>(
    "SELECT lower(name) AS name FROM system.table_functions UNION ALL SELECT lower(name) FROM system.table_engines " +
      "UNION ALL SELECT lower(name) FROM system.database_engines",
  );
  return new Set(rows.map(({ name }) => name));
}

/** Whether a definition names it as an argument of an engine or a table function, or as the NAME of a dictionary's source. */
export function usesCollection(statement: string, name: string, takers: ReadonlySet<string>): boolean {
  const tokens = lex(statement).filter(({ kind }) => kind !== "comment");
  const calls: (string | undefined)[] = [];
  for (const [index, token] of tokens.entries()) {
    const before = tokens[index - 1];
    if (token.kind === "open")
      calls.push(before?.kind === "word" || before?.kind === "quoted" ? unquoteIdentifier(before.text) : undefined);
    if (token.kind === "close") calls.pop();
    const isString = token.kind === "string";
    if (token.kind !== "word" && token.kind !== "quoted" && !isString) continue;
    if ((isString ? unquoteString(token.text) : unquoteIdentifier(token.text)) !== name) continue;
    // 24.8 keeps the name of a collection as a string, in front.
    const isWhole =
      (isString ? ["("] : ["(", ","]).includes(before?.text ?? "") &&
      [")", ","].includes(tokens[index + 1]?.text ?? "");
    if (isWhole && takers.has(calls.at(-1)?.toLowerCase() ?? "")) return true;
    if (before?.kind === "word" && before.text.toUpperCase() === "NAME" && calls.length > 1) return true;
  }
  return false;
}

async function refuseUnseen(connection: Connection, name: string): Promise<void> {
  if (connection.url.startsWith("chdb:")) return;
  const { missing, roles } = await lackingRights(connection, [{ privilege: "SHOW TABLES", level: "*.*" }]);
  const filters = await listFilters(connection);
  if ((missing.length === 0 || roles.length > 0) && filters.length === 0) return;
  const way =
    filters.length > 0
      ? `row policies filter system.tables (${filters.join(", ")}); let a user do it whom they exempt`
      : `allow it to see them: ${await grantTo(connection, missing)}`;
  throw new SchemaError(
    "objects-hidden",
    `${quotedName(keyNamed("namedCollection", undefined, name))}: not dropped, because a table that this user cannot see may use it, and the server ` +
      `would not start again or not list that table's database; ${way}`,
  );
}

async function grantTo(connection: Connection, missing: readonly Right[]): Promise<string> {
  const [row] = await connection.query<{ user: string }>("SELECT currentUser() AS user");
  return grantStatements(missing, row?.user ?? "").join(" ");
}
