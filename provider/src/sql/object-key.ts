import { policyParts } from "./access/row-policy";
import type { AccessKind, AccessSpec } from "./access/spec";
import { qualifiedName, quoteIdentifier } from "./identifiers";
import { OBJECT_KINDS, SQL_KINDS } from "./kinds";
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
  const { scope, space = "" } = SQL_KINDS[kind];
  if (scope === "itself") return objectKey(name);
  return objectKey(scope === "server" ? space : (database ?? ""), name);
}

/** Whether it is the key of something that is in no database, and is none. */
export function isInNoDatabase(key: string): boolean {
  const { database, name } = keyParts(key);
  return name !== undefined && (database === "" || database.startsWith("\u0001"));
}

/** The kind of something that only servers store, by its key: a user, a role and the like. */
export function accessKindOf(key: string): AccessKind | undefined {
  const { database } = keyParts(key);
  if (!database.startsWith("\u0001")) return undefined;
  return OBJECT_KINDS.filter(isAccessKind).find((kind) => SQL_KINDS[kind].space === database);
}

const ACCESS_KINDS: Readonly<Record<AccessKind, true>> = {
  ...{ settingsProfile: true, role: true, quota: true, user: true },
  rowPolicy: true,
};

/** Whether a server keeps objects of this kind in its access storages. */
export function isAccessKind(kind: ObjectKind): kind is AccessKind {
  return Object.hasOwn(ACCESS_KINDS, kind);
}

/** Whether a server keeps it in its access storages. */
export function isAccess(spec: ObjectSpec): spec is AccessSpec {
  return isAccessKind(spec.kind);
}

/** The name alone: a row policy's without its table. */
export function ownName(spec: ObjectSpec): string {
  return spec.kind === "rowPolicy" ? policyParts(spec.name).policy : spec.name;
}

/** Quoted name of a key's object, for SQL and messages. */
export function quotedName(key: string): string {
  const { database, name } = keyParts(key);
  if (name === undefined) return quoteIdentifier(database);
  // Two names, quoted where they need it; the name of a row policy with its table.
  if (database === SQL_KINDS.grant.space || database === SQL_KINDS.rowPolicy.space) return name;
  return isInNoDatabase(key) ? quoteIdentifier(name) : qualifiedName({ database, name });
}
