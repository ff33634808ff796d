import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";
import { callersOf } from "../introspect/function-callers";
import type { LiveObject } from "../introspect/live-object";
import type { ServerCatalog } from "../introspect/server-catalog";
import { listFilters } from "../introspect/visibility";
import { KINDS, kindOf } from "../kinds";
import { mentionedNames } from "../lineage/mentions";
import { JOURNAL_TABLE } from "../operation/journal";
import { Problems } from "../operation/problems";
import type { GrantSpec } from "../sql/access/grant";
import { accessKindOf, isInNoDatabase, keyParts, objectKey, quotedName } from "../sql/object-key";
import { parseHeader } from "../sql/parse";
import { refuseIfNeeded, takingBack } from "./drop-access";
import { dropKeptPolicies, keepPolicy } from "./kept-policies";
import { unfinishedOperations } from "./operations";
import { counted, rowsHeld } from "./rows-held";

/** Facts about the stack that a drop needs. */
export interface DropOptions {
  /** Whether the object may be dropped together with its rows. */
  readonly allowed: boolean;
  /** Whether another object may be dropped. */
  readonly mayGo: (key: string) => boolean;
  /** Objects that remain declared in the stack; empty when the whole stack is destroyed. */
  readonly declared: ReadonlySet<string>;
  /** Tables of the same stack that an ordinary view reads, directly or through other views. */
  readonly over?: readonly string[];
  /** How the user can allow this drop, as the end of a message. */
  readonly howToAllow: string;
  /** Its statement in the state. */
  readonly statement?: string;
  /** The table of the same stack, or the database, that a row policy filters. */
  readonly filters?: Filtered;
  /** What else the stack grants to the grantee of a grant. */
  readonly beside?: readonly GrantSpec[];
}

/** A table of a row policy that is no longer declared either. */
export interface Filtered {
  readonly key: string;
  /** Whether its rows may be dropped with it. */
  readonly mayGo: boolean;
}

/**
 * Drops an object, unless that would drop rows or break other objects without permission. A missing object is no error.
 *
 * @returns the row policy's name, if it stays in force under another one until its table is dropped.
 * @throws {SchemaError} when it is refused; nothing is changed then.
 */
export async function applyDrop(
  connection: Connection,
  live: ServerCatalog,
  key: string,
  options: DropOptions,
): Promise<string | undefined> {
  const found = await live.findNow(key);
  const isFiltered = !isInNoDatabase(key);
  if (found === undefined) {
    if (isFiltered) await dropKeptPolicies(connection, key);
    return undefined;
  }
  if (keyParts(key).name === undefined) await refuseDatabase(connection, live, key, options);
  else await refuseObject(connection, live, found, options, () => false);
  const kept = (await staysUntil(connection, live, options))
    ? await keepPolicy(connection, keyParts(key).name ?? "")
    : undefined;
  if (kept === undefined) for (const sql of dropStatements(found, options)) await connection.command(sql);
  live.forget(key);
  if (isFiltered) await dropKeptPolicies(connection, key);
  return kept;
}

/**
 * Applies the checks of {@link applyDrop} as if the object's readers had been dropped, without changing anything.
 *
 * @param ends whether a view that reads it is dropped too, or no longer reads it; by default, each is.
 * @throws {SchemaError} when the drop would be refused.
 */
export async function refuseDrop(
  connection: Connection,
  live: ServerCatalog,
  key: string,
  options: DropOptions,
  ends?: (reader: string) => boolean,
): Promise<void> {
  const found = await live.find(key);
  if (found === undefined) return;
  // When a stack is destroyed, its objects still exist now; the ones that remain are known.
  if (keyParts(key).name === undefined) return refuseDeclared(key, options);
  await refuseObject(connection, live, found, options, ends);
}

/** @throws {SchemaError} with all that keeps an object in a database, or a function and the like, from being dropped. */
async function refuseObject(
  connection: Connection,
  live: ServerCatalog,
  found: LiveObject,
  options: DropOptions,
  ends: ((reader: string) => boolean) | undefined,
): Promise<void> {
  const problems = new Problems();
  if (ends !== undefined) await problems.of(() => refuseIfUsed(connection, live, found, options, ends));
  await problems.of(() => refuseIfFilteredStays(connection, live, found, options));
  if (!isInNoDatabase(found.key)) {
    await problems.of(() => refuseIfUnfinished(connection, live, found));
    if (!options.allowed) await problems.of(() => refuseIfHoldsRows(connection, found, options));
    if (!options.allowed && isView(found))
      await problems.of(() => refuseIfTablesStay(connection, live, found, options));
  }
  problems.refuse();
}

/** Objects of the stack are not dropped along with its database: they would be gone but remain in the state. */
function refuseDeclared(key: string, { declared }: DropOptions): void {
  const inside = [...declared].filter((other) => other !== key && keyParts(other).database === key);
  if (inside.length === 0) return;
  throw new SchemaError(
    "drop-not-empty",
    `${quotedName(key)}: not dropped, because ${namesOf(inside)} in it ${inside.length === 1 ? "is" : "are"} still declared. ` +
      "Keep the Database resource, or remove these first. To keep the database and stop managing it, set retainOnDelete: true on it and run `pulumi up` before its removal.",
  );
}

async function refuseDatabase(
  connection: Connection,
  live: ServerCatalog,
  key: string,
  options: DropOptions,
): Promise<void> {
  refuseDeclared(key, options);
  const { allowed, howToAllow } = options;
  const inside = (await live.inDatabase(key)).filter((object) => keyParts(object.key).name !== JOURNAL_TABLE);
  if (inside.length > 0 && !allowed) {
    throw new SchemaError(
      "drop-not-empty",
      `${quotedName(key)}: not dropped, because it holds ${inside.length} object(s) that are not part of this removal: ` +
        `${namesOf(inside.map((object) => object.key))}. Move or drop them first. To drop it with everything in it: ${howToAllow}`,
    );
  }
  await refuseUnseen(connection, key, allowed);
}

function namesOf(keys: readonly string[]): string {
  const more = keys.length > 5 ? ` and ${keys.length - 5} more` : "";
  return keys.slice(0, 5).map(quotedName).join(", ") + more;
}

/** A database that looks empty may not be. */
async function refuseUnseen(connection: Connection, key: string, allowed: boolean): Promise<void> {
  const policies = allowed ? [] : await listFilters(connection);
  if (policies.length === 0) return;
  throw new SchemaError(
    "objects-hidden",
    `${quotedName(key)}: not dropped, because it may hold objects that this user cannot see: row policies filter system.tables ` +
      `(${policies.join(", ")}). Have it done by a user whom they exempt.`,
  );
}

/** An interrupted operation has helper tables, and could never finish. */
async function refuseIfUnfinished(connection: Connection, live: ServerCatalog, { key }: LiveObject): Promise<void> {
  const { database } = keyParts(key);
  if ((await live.find(objectKey(database, JOURNAL_TABLE))) === undefined) return;
  const one = (await unfinishedOperations(connection, database)).find(({ keys }) => keys.includes(key));
  if (one === undefined) return;
  throw new SchemaError(
    "operation-unfinished",
    `${quotedName(key)}: not dropped, because ${one.kind} ${one.operation} on it was cut off (${one.progress}). ` +
      `Finish or abort it first: \`clickhouse-schema operations --${one.canAbort ? "abort" : "resume"} ${one.operation}\`.`,
  );
}

/** A table that a live view reads from or writes to: dropping it stops the view, or makes every insert into its source fail. */
async function refuseIfUsed(
  connection: Connection,
  live: ServerCatalog,
  object: LiveObject,
  options: DropOptions,
  ends: (reader: string) => boolean,
): Promise<void> {
  const isAccess = accessKindOf(object.key) !== undefined;
  if (isAccess || ["Grants", "Grant", "NamedCollection"].includes(object.engine))
    return refuseIfNeeded(connection, object, options, ends);
  if (isInNoDatabase(object.key) || object.engine === "Dictionary")
    return refuseIfCalled(connection, live, object, options, ends);
  if (isView(object)) return;
  const views = await live.materializedViews();
  const users = views.filter(
    (view) => view.key !== object.key && !ends(view.key) && mentionedNames(view.statement).has(object.key),
  );
  if (users.length === 0) return;
  throw new SchemaError(
    "drop-still-used",
    `${quotedName(object.key)}: not dropped, because ${users.map((user) => quotedName(user.key)).join(", ")} on the server reads from it or writes to it. ` +
      "Drop the view first, or declare it in this stack so that it is dropped first.",
  );
}

/** What calls a function by its name fails without it: a row policy makes every SELECT on its table fail. */
async function refuseIfCalled(
  connection: Connection,
  live: ServerCatalog,
  { key }: LiveObject,
  { allowed, howToAllow }: DropOptions,
  ends: (reader: string) => boolean,
): Promise<void> {
  const callers = allowed
    ? []
    : (await callersOf(connection, live, key)).filter((one) => one.key === undefined || !ends(one.key));
  if (callers.length === 0) return;
  throw new SchemaError(
    "drop-still-used",
    `${quotedName(key)}: not dropped, because ${callers.map(({ label }) => label).join(", ")} on the server refers to it by name and would fail. ` +
      `Change or drop that first. To drop it anyway: ${howToAllow}`,
  );
}

async function refuseIfHoldsRows(connection: Connection, object: LiveObject, options: DropOptions): Promise<void> {
  const rows = await rowsHeld(connection, object);
  if (rows === 0) return;
  const count =
    rows === undefined ? "may hold rows (its engine does not count them)" : `holds ${counted(rows, object)} row(s)`;
  throw new SchemaError(
    "drop-holds-rows",
    `${quotedName(object.key)}: not dropped, because it ${count}. To drop it with its rows: ${options.howToAllow}`,
  );
}

/**
 * When a stack is destroyed, its views are dropped before its tables. If a table were then refused, it would have lost its views, and rows
 * inserted from then on would be missing from the rollups for good; so the view is refused first.
 */
async function refuseIfTablesStay(
  connection: Connection,
  live: ServerCatalog,
  view: LiveObject,
  { declared, mayGo, over = [], howToAllow }: DropOptions,
): Promise<void> {
  const isMaterialized = view.engine === "MaterializedView";
  const tables = isMaterialized ? mentionedNames(view.statement) : over;
  for (const key of tables) {
    const isSafe = key === view.key || declared.has(key) || mayGo(key);
    const table = isSafe ? undefined : await live.find(key);
    if (table === undefined || (await rowsHeld(connection, table)) === 0) continue;
    throw new SchemaError(
      "drop-still-used",
      `${quotedName(view.key)}: not dropped, because ${quotedName(key)}, which it reads${isMaterialized ? " or writes" : ""}, holds rows and is not dropped` +
        `${isMaterialized ? "; without the view, rows inserted from then on would be missing" : ""}. To drop the view alone: ${howToAllow}`,
    );
  }
}

/**
 * When a stack is destroyed, a row policy is dropped before its table. If the table were then refused, everybody who may SELECT from it would see all
 * of its rows; so the policy is refused first.
 */
async function refuseIfFilteredStays(
  connection: Connection,
  live: ServerCatalog,
  { key }: LiveObject,
  { allowed, filters, howToAllow }: DropOptions,
): Promise<void> {
  const isSafe = allowed || filters === undefined || filters.mayGo || isDatabaseKey(filters.key);
  const table = isSafe ? undefined : await live.find(filters.key);
  if (table === undefined || (await rowsHeld(connection, table)) === 0) return;
  throw new SchemaError(
    "drop-still-used",
    `${quotedName(key)}: not dropped, because ${quotedName(table.key)}, whose rows it hides, holds rows and is not dropped: others would see all of them. ` +
      `To drop the policy alone: ${howToAllow}`,
  );
}

function dropStatements(found: LiveObject, options: DropOptions): string[] {
  return takingBack(found, options) ?? [`DROP ${dropWordOf(found)} IF EXISTS ${quotedName(found.key)}`];
}

/** Whether a row policy has to outlive its table, which is dropped after it. */
async function staysUntil(connection: Connection, live: ServerCatalog, { filters }: DropOptions): Promise<boolean> {
  const table = filters === undefined ? undefined : await live.findNow(filters.key);
  if (filters === undefined || table === undefined) return false;
  return filters.mayGo || isDatabaseKey(filters.key) || (await rowsHeld(connection, table)) === 0;
}

function isDatabaseKey(key: string): boolean {
  return keyParts(key).name === undefined;
}

/** An object that this package cannot parse is some kind of table. */
function dropWordOf({ statement }: LiveObject): string {
  try {
    return kindOf(parseHeader(statement).kind).dropWord;
  } catch {
    return KINDS.table.dropWord;
  }
}

function isView(object: LiveObject): boolean {
  return object.engine === "View" || object.engine === "MaterializedView";
}
