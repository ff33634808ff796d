import type { Connection } from "../connection/connection";
import type { LiveObject } from "../introspect/live-object";
import { introspectServer, type ServerObjects } from "../introspect/server";
import type { ServerCatalog } from "../introspect/server-catalog";
import { hereOnly } from "../introspect/spread";
import { HiddenError } from "../introspect/visibility";
import { isInNoDatabase, keyParts, objectKey } from "../sql/object-key";
import type { LiveDefinition } from "./compare";
import type { StoredObject } from "./state";

/** A live object: its statement, on which hosts it is, and its kind where we do not manage that. */
export interface Found extends LiveDefinition, Pick<LiveObject, "spread"> {
  /** A dictionary, or something that cannot be parsed. */
  readonly foreign?: string;
}

/** What the server has of a state's databases. */
export interface Server {
  readonly found: ReadonlyMap<string, Found>;
  readonly objects: ServerObjects;
}

function foundOf({ spread, statement }: LiveObject): Found {
  return { statement, ...(spread && { spread }) };
}

/** Hosts that did not answer when the objects were read. */
export function silentAmong({ found }: Server): string[] {
  const hosts = [...found.values()].flatMap(({ spread }) => spread?.silent ?? []);
  return [...new Set(hosts.map(({ name }) => name))].sort();
}

/** Reads what a state's objects are on the server. @param alone keys of what is on one host only. */
export async function readServer(
  connection: Connection,
  live: ServerCatalog,
  objects: readonly StoredObject[],
  alone: ReadonlySet<string>,
): Promise<Server> {
  const named = new Set(
    objects.flatMap(({ key }) => (key === undefined || isInNoDatabase(key) ? [] : [keyParts(key).database])),
  );
  const databases: string[] = [];
  const found = new Map<string, Found>();
  for (const name of named) {
    const database = await live.peek(objectKey(name));
    if (database === undefined) continue;
    databases.push(name);
    found.set(database.key, foundOf(database));
  }
  for (const { key } of objects) {
    const inNone = key !== undefined && isInNoDatabase(key) ? await live.peek(key).catch(unlessHidden) : undefined;
    if (inNone === undefined) continue;
    const { statement, privileges } = inNone;
    found.set(inNone.key, { statement, ...(privileges && { privileges }) });
  }
  const server: ServerObjects =
    databases.length === 0 ? { managed: [], unmanaged: [] } : await introspectServer(connection, { databases });
  for (const { key, live: object } of server.managed) {
    const own = alone.has(key) ? hereOnly(object) : object;
    if (own !== undefined) found.set(key, foundOf(own));
  }
  for (const { key, kind, statement } of server.unmanaged) {
    if (!found.has(key)) found.set(key, { statement, foreign: kind });
  }
  return { found, objects: server };
}

/** An object that the user may not see is told apart later, from one that is gone. */
function unlessHidden(error: unknown): undefined {
  if (!(error instanceof HiddenError)) throw error;
}
