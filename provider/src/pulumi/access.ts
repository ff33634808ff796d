import { SchemaError } from "../errors";
import { isConfiguration } from "../introspect/access/catalog";
import { isWritable, readStorages } from "../introspect/access/storages";
import type { LiveObject } from "../introspect/live-object";
import { kindOf } from "../kinds";
import { isGrants } from "../sql/access/grant";
import { namesIn } from "../sql/access/references";
import type { AccessSpec } from "../sql/access/spec";
import { accessKindOf, isAccess, keyOf, quotedName } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";

/**
 * Makes sure that statements can create and change users, roles and the like on the server, and that this one is not defined in its
 * configuration.
 *
 * @throws {SchemaError} saying where it is defined, or that the server cannot store it.
 */
export async function refuseUnwritable(
  context: Context,
  urn: string | undefined,
  spec: ObjectSpec,
  found: LiveObject | undefined,
): Promise<void> {
  if (!isAccess(spec) && (!isGrants(spec) || found !== undefined)) return;
  if (found !== undefined) return refuseConfigured(found, kindOf(spec.kind).word);
  const connection = await context.reachableServer(urn);
  const storages = connection === undefined ? undefined : await readStorages(connection);
  if (connection === undefined || storages === undefined || storages.some(isWritable)) return;
  const { word } = kindOf(spec.kind);
  const names = storages.length === 0 ? "none" : storages.map(({ name }) => name).join(", ");
  const why = connection.url.startsWith("chdb:")
    ? "the embedded engine has one user and keeps no others. Declare it in a stack whose clickhouse:url is a server's"
    : `${connection.url} has no access storage in which SQL can create something (found ${names}). Add <local_directory> to user_directories in its configuration`;
  throw new SchemaError(
    "access-not-stored",
    `${quotedName(keyOf(spec))}: this ${word} cannot be created, because ${why}. Nothing was changed`,
  );
}

/** @throws {SchemaError} when it is in the server's configuration, which no statement changes. */
export function refuseConfigured({ key, access }: LiveObject, word: string): void {
  if (access === undefined || !isConfiguration(access.storage)) return;
  const label = quotedName(key);
  const [other] = access.others;
  const way =
    other === undefined
      ? "Give this one another name, or remove that one from the configuration"
      : `It hides the ${word} of the same name in ${other}, which the server no longer uses. Remove it from the configuration, or drop the other one: ` +
        `DROP ${word.toUpperCase()} ${label} FROM ${other}`;
  throw new SchemaError(
    "access-not-stored",
    `${label}: a ${word} of this name is defined in the server's configuration (${access.storage}), which SQL cannot change. ${way}. Nothing was changed`,
  );
}

/**
 * Makes sure that a new user says how it logs in, and that whatever a user, a role or the like names is declared before it or on the server: for a
 * missing grantee the server answers an error, and has created the user all the same.
 *
 * @throws {SchemaError} naming what is missing.
 */
export async function refuseIncomplete(context: Context, urn: string | undefined, spec: ObjectSpec): Promise<void> {
  if (!isAccess(spec)) return;
  const label = quotedName(keyOf(spec));
  if (spec.kind === "user" && spec.methods === undefined) {
    throw new SchemaError(
      "object-missing",
      `${label}: auth is "unmanaged", and there is no such user on the server whose way to log in could stay. Say how it logs in`,
    );
  }
  await refuseMissingNames(context, urn, spec);
}

/** @throws {SchemaError} naming users, roles and profiles that are neither declared before it nor on the server. */
export async function refuseMissingNames(context: Context, urn: string | undefined, spec: AccessSpec): Promise<void> {
  if ((await context.reachableServer(urn)) === undefined) return;
  const missing: string[] = [];
  for (const keys of namesIn(spec)) {
    let found = keys.some((key) => context.checked.has(key));
    for (const key of keys) found ||= (await context.reachableLive(urn, key)) !== undefined;
    if (!found) missing.push(`${quotedName(keys[0] ?? "")} (${keys.map((key) => wordOf(key)).join(" or ")})`);
  }
  if (missing.length === 0) return;
  throw new SchemaError(
    "object-missing",
    `${quotedName(keyOf(spec))}: names ${missing.join(", ")}, which is neither declared before it nor on the server. ` +
      "If this stack declares it, pass the resource instead of its name",
  );
}

function wordOf(key: string): string {
  const kind = accessKindOf(key);
  return kind === undefined ? "object" : kindOf(kind).word;
}
