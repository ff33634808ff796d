import { listDatabases } from "../clickhouse/catalog";
import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";
import { JOURNAL_TABLE, readJournals } from "../operation/journal";
import { isWorkingTable } from "../operation/names";
import { SqlParseError } from "../sql/errors";
import { OBJECT_KINDS } from "../sql/kinds";
import { accessKindOf, isAccessKind, keyParts, objectKey } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { ObjectSpec } from "../sql/spec";
import { isConfiguration } from "./access/catalog";
import { readFunctions } from "./globals";
import type { LiveObject } from "./live-object";
import { type Selection, selector } from "./selection";
import { ServerCatalog } from "./server-catalog";

/** An object on the server that this package manages. */
export interface FoundObject {
  readonly key: string;
  readonly live: LiveObject;
  /** As the server prints it: secrets are `[HIDDEN]`. */
  readonly spec: ObjectSpec;
}

/** An object that is read so that it is not overlooked, but is not managed. */
export interface UnmanagedObject {
  readonly key: string;
  /** Its kind, in a word or two: `dictionary`, `function`, `named collection`. */
  readonly kind: string;
  /** Why it is not managed; empty where the kind explains it. */
  readonly reason: string;
  /** Its CREATE statement as the server prints it; empty where it was not read. */
  readonly statement: string;
}

/** The objects on a server. Both lists are sorted by key. */
export interface ServerObjects {
  readonly managed: readonly FoundObject[];
  readonly unmanaged: readonly UnmanagedObject[];
}

/** The server's own databases. */
const SYSTEM: ReadonlySet<string> = new Set(["system", "information_schema", "INFORMATION_SCHEMA"]);
/** Engines of databases that store their own tables; databases with other engines show tables of another system. */
const LOCAL = /^(?:Atomic|Ordinary|Replicated|Shared|Memory|Lazy|Overlay)\b/;
/** Tables that the engine creates behind a view or a TimeSeries table. */
const INNER = /^\.(?:tmp\.)?inner(?:_id)?\./;

/**
 * Reads everything on a server, except the server's own databases, inner tables, and this package's working tables. Costs five queries,
 * whatever the number of objects, and one more for each database that has seen a rebuild or a rename.
 *
 * @throws {SchemaError} when a selected database does not exist.
 */
export async function introspectServer(connection: Connection, selection: Selection = {}): Promise<ServerObjects> {
  const live = new ServerCatalog(async () => connection);
  const databases = await selectedDatabases(connection, selection);
  const own = databases.filter(({ engine }) => LOCAL.test(engine));
  const isSelected = selector(selection);
  const managed: FoundObject[] = [];
  const contents = await Promise.all(own.map(({ name }) => live.inDatabase(name)));
  const unmanaged: UnmanagedObject[] = [];
  for (const [index, { name }] of own.entries()) {
    const objects = await usersObjects(connection, name, contents[index] ?? []);
    const wanted = objects.filter(({ key }) => isSelected(key));
    const found = await live.find(objectKey(name));
    // A filter that excludes all objects of a database excludes the database.
    if (found === undefined || (wanted.length === 0 && (objects.length > 0 || selection.include !== undefined)))
      continue;
    for (const object of [found, ...wanted]) sortIn(object, managed, unmanaged);
  }
  for (const { name, engine } of databases) {
    if (LOCAL.test(engine) || !isSelected(objectKey(name, ""))) continue;
    const reason = "its engine shows what another system has, and may hold credentials";
    unmanaged.push({ key: objectKey(name), kind: `database of engine ${engine}`, reason, statement: "" });
  }
  if (selection.databases === undefined && selection.include === undefined) {
    for (const object of await readFunctions(connection)) sortIn(object, managed, unmanaged);
    if (selection.access !== true) unmanaged.push(...(await namedOnly(live)));
  }
  if (selection.access === true) {
    for (const object of (await live.allCollections()).values()) sortIn(object, managed, unmanaged);
    for (const object of await usersEntities(live)) sortIn(object, managed, unmanaged);
    await sortInGrants(connection, live, managed, unmanaged);
  }
  return { managed: managed.sort(byKey), unmanaged: unmanaged.sort(byKey) };
}

/** Named collections, whose values a program would have to be given. */
async function namedOnly(live: ServerCatalog): Promise<UnmanagedObject[]> {
  const reason = "it holds secrets";
  return [...(await live.allCollections()).keys()].map((key) => ({
    key,
    kind: "named collection",
    reason,
    statement: "",
  }));
}

/** Without those of the server's configuration, which no statement changes. */
async function usersEntities(live: ServerCatalog): Promise<LiveObject[]> {
  const found: LiveObject[] = [];
  for (const kind of OBJECT_KINDS.filter(isAccessKind)) found.push(...(await live.allEntities(kind)).values());
  return found.filter(({ key, access }) => access !== undefined && !isConfiguration(access.storage) && !isGuard(key));
}

/** What an operation protects its working tables with, as long as it has some. */
function isGuard(key: string): boolean {
  return accessKindOf(key) === "rowPolicy" && keyParts(key).name?.startsWith("_guard_") === true;
}

/** All that users and roles may do, without those of the configuration, and without the user who would then take rights from itself. */
async function sortInGrants(
  connection: Connection,
  live: ServerCatalog,
  managed: FoundObject[],
  unmanaged: UnmanagedObject[],
): Promise<void> {
  const [row] = await connection.query<{ user: string }>("SELECT currentUser() AS user");
  for (const object of await live.allGrants()) {
    if (object.access === undefined || isConfiguration(object.access.storage)) continue;
    const { key, statement } = object;
    if (keyParts(key).name !== row?.user) sortIn(object, managed, unmanaged);
    else unmanaged.push({ key, kind: "grants", reason: "they are those of the user that reads this", statement });
  }
}

interface DatabaseRow {
  readonly name: string;
  readonly engine: string;
}

async function selectedDatabases(connection: Connection, { databases }: Selection): Promise<DatabaseRow[]> {
  const rows = await listDatabases(connection);
  const known = rows.filter(({ name }) => !SYSTEM.has(name));
  if (databases === undefined) return known;
  const names = known.map(({ name }) => name);
  const missing = databases.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    const live = new ServerCatalog(async () => connection);
    for (const name of missing) await live.find(objectKey(name));
    const found = names.length === 0 ? "none" : names.join(", ");
    throw new SchemaError(
      "object-missing",
      missing.map((name) => `database ${name}: is not on ${connection.url}; found ${found}`),
    );
  }
  return known.filter(({ name }) => databases.includes(name));
}

/** Without inner and working tables. */
async function usersObjects(
  connection: Connection,
  database: string,
  objects: readonly LiveObject[],
): Promise<LiveObject[]> {
  const nameOf = (object: LiveObject): string => keyParts(object.key).name ?? "";
  const hasJournal = objects.some((object) => nameOf(object) === JOURNAL_TABLE);
  const operations = hasJournal ? new Set((await readJournals(connection, database)).keys()) : new Set<string>();
  return objects.filter((object) => !INNER.test(nameOf(object)) && !isWorkingTable(nameOf(object), operations));
}

function sortIn(live: LiveObject, managed: FoundObject[], unmanaged: UnmanagedObject[]): void {
  const { key, statement } = live;
  try {
    managed.push({ key, live, spec: parseCreate(statement) });
  } catch (error) {
    if (!(error instanceof SqlParseError)) throw error;
    unmanaged.push({ key, kind: live.engine, reason: error.message, statement });
  }
}

/** By code units, the database before its objects. */
function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
