import type { Capabilities } from "../clickhouse/capabilities";
import type { Connection } from "../connection/connection";
import type { StackState } from "../drift/state";
import { type Selection, selector } from "../introspect/selection";
import { introspectServer } from "../introspect/server";
import { ServerCatalog } from "../introspect/server-catalog";
import type { Size } from "../plan/render";
import type { DeclaredProgram } from "../program/load";
import { keyParts } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import { renderCreate } from "../sql/render";
import type { ObjectSpec } from "../sql/spec";
import type { DatabaseNames } from "./map";

/** An object in a place. */
export interface PlacedObject {
  readonly spec: ObjectSpec;
  /** Nothing of its text may be shown. */
  readonly secret: boolean;
  /** Undefined where nobody has counted. */
  readonly size?: Size;
}

/** A server, a program or a state, as its objects. */
export interface Side {
  /** For people, without credentials. */
  readonly name: string;
  readonly objects: ReadonlyMap<string, PlacedObject>;
  /** What is there but not managed, or could not be read: words, by key. */
  readonly others: ReadonlyMap<string, string>;
  /** What the server can do. Undefined where there is none. */
  readonly capabilities?: Capabilities;
  /** The definition of an object outside of the selection. */
  readonly lookUp: (key: string) => Promise<string | undefined>;
}

/** What a server has. Five queries, and one more for each database that has seen a rebuild or a rename. */
export async function sideOfServer(
  connection: Connection,
  selection: Selection,
  names: DatabaseNames,
  name = connection.url,
): Promise<Side> {
  const { databases, ...patterns } = selection;
  const found = await introspectServer(connection, {
    ...patterns,
    ...(databases !== undefined && { databases: databases.map((one) => names.before(one)) }),
  });
  const live = new ServerCatalog(async () => connection);
  const objects = found.managed.map(({ key, live: { rows, bytes, statement }, spec }): [string, PlacedObject] => [
    names.key(key),
    { spec: mapped(spec, names), secret: statement.includes("[HIDDEN]"), size: { rows, bytes } },
  ]);
  return {
    name,
    objects: new Map(objects),
    others: new Map(
      found.unmanaged.map(({ key, kind, reason }) => [names.key(key), [kind, reason].filter(Boolean).join(": ")]),
    ),
    capabilities: connection.capabilities,
    lookUp: async (key) => {
      const statement = (await live.peek(names.keyBefore(key)))?.statement;
      return statement === undefined ? undefined : names.sql(statement);
    },
  };
}

/** What a program declares. */
export function sideOfProgram(program: DeclaredProgram, selection: Selection, names: DatabaseNames): Side {
  const isWanted = wantedBy(selection, names);
  const objects = program.objects.flatMap(({ key, sensitive, spec }): [string, PlacedObject][] =>
    isWanted(key) ? [[names.key(key), { spec: mapped(spec, names), secret: sensitive }]] : [],
  );
  return { name: program.project.entry, objects: new Map(objects), others: new Map(), lookUp: async () => undefined };
}

/** What a stack's state declares. */
export function sideOfState(
  { objects: stored }: StackState,
  name: string,
  selection: Selection,
  names: DatabaseNames,
): Side {
  const isWanted = wantedBy(selection, names);
  const objects = new Map<string, PlacedObject>();
  const others = new Map<string, string>();
  for (const { key, secret, statement } of stored) {
    if (key === undefined || !isWanted(key)) continue;
    if (statement === undefined) others.set(names.key(key), "its statement is encrypted in the state");
    else objects.set(names.key(key), { spec: mapped(parseCreate(statement), names), secret });
  }
  return { name, objects, others, lookUp: async () => undefined };
}

/**
 * What of a place concerns a program or a state: its own objects, and whatever is in the databases that it declares. The rest belongs to
 * somebody else.
 */
export function concerning(side: Side, declared: Side): Side {
  if (declared.capabilities !== undefined) return side;
  const databases = new Set([...declared.objects.keys()].filter((key) => keyParts(key).name === undefined));
  const isMeant = (key: string): boolean => declared.objects.has(key) || databases.has(keyParts(key).database);
  const only = <T>(all: ReadonlyMap<string, T>): Map<string, T> => new Map([...all].filter(([key]) => isMeant(key)));
  return { ...side, objects: only(side.objects), others: only(side.others) };
}

function wantedBy({ databases, ...patterns }: Selection, names: DatabaseNames): (key: string) => boolean {
  const matches = selector(patterns);
  return (key) => {
    const { database } = keyParts(key);
    return (databases === undefined || databases.includes(names.key(database))) && matches(key);
  };
}

function mapped(spec: ObjectSpec, names: DatabaseNames): ObjectSpec {
  return names.isEmpty ? spec : parseCreate(names.sql(renderCreate(spec)));
}
