import { qualifiedName, quoteIdentifier } from "./identifiers";
import { SQL_KINDS } from "./kinds";
import type { ObjectKind, ObjectSpec } from "./spec";

/** Identity of an object within a server, for maps; only the database for a database. */
export function objectKey(database: string, name?: string): string {
  return name === undefined ? database : `${database}\0${name}`;
}

/** The parts of an {@link objectKey}. */
export function keyParts(key: string): { database: string; name?: string } {
  const [database = "", name] = key.split("\0");
  return name === undefined ? { database } : { database, name };
}

/** The key of what a spec creates. */
export function keyOf(spec: ObjectSpec): string {
  return keyNamed(spec.kind, "database" in spec ? spec.database : undefined, spec.name);
}

/** The key of an object of a kind by its name. An object that is in no database has an empty one in its key. */
export function keyNamed(kind: ObjectKind, database: string | undefined, name: string): string {
  const { scope } = SQL_KINDS[kind];
  if (scope === "itself") return objectKey(name);
  return objectKey(scope === "server" ? "" : (database ?? ""), name);
}

/** Quoted name of a key's object, for SQL and messages. */
export function quotedName(key: string): string {
  const { database, name } = keyParts(key);
  if (name === undefined) return quoteIdentifier(database);
  return database === "" ? quoteIdentifier(name) : qualifiedName({ database, name });
}
