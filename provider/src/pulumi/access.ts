import { SchemaError } from "../errors";
import { isConfiguration } from "../introspect/access/catalog";
import { isWritable, readStorages } from "../introspect/access/storages";
import type { LiveObject } from "../introspect/server-catalog";
import { kindOf } from "../kinds";
import { isAccess, keyOf, quotedName } from "../sql/object-key";
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
  if (!isAccess(spec) && (spec.kind !== "grants" || found !== undefined)) return;
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
