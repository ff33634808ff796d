import type { Connection } from "../connection/connection";
import { diffGrant } from "../diff/grants";
import { SchemaError } from "../errors";
import { dependentsOf } from "../introspect/access/dependents";
import { usersOfCollection } from "../introspect/collections";
import type { LiveObject } from "../introspect/live-object";
import { kindOf } from "../kinds";
import { planGrant } from "../plan/grant";
import { type GrantSpec, grantParts } from "../sql/access/grant";
import { partHeld } from "../sql/access/grant-part";
import type { AccessKind } from "../sql/access/spec";
import { accessKindOf, keyParts, quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { Lattice } from "../sql/rights/lattice";
import type { DropOptions } from "./drop";

/** What the server drops without a word although something still relies on it. @throws {SchemaError} naming that. */
export async function refuseIfNeeded(
  connection: Connection,
  object: LiveObject,
  options: DropOptions,
  ends: (reader: string) => boolean,
): Promise<void> {
  if (object.engine === "Grants" || object.engine === "Grant") return refuseOwnRights(connection, object, options);
  if (object.engine === "NamedCollection") return refuseIfCollectionUsed(connection, object, ends);
  const kind = accessKindOf(object.key);
  if (kind !== undefined) return refuseIfInherited(connection, object, kind, options, ends);
}

/**
 * The server drops it and, if it is older than 26, does not start again or not list the database of what used it. So nothing allows this.
 */
async function refuseIfCollectionUsed(
  connection: Connection,
  { key }: LiveObject,
  ends: (reader: string) => boolean,
): Promise<void> {
  const users = (await usersOfCollection(connection, keyParts(key).name ?? "")).filter(
    (one) => one.key === undefined || !ends(one.key),
  );
  if (users.length === 0) return;
  throw new SchemaError(
    "drop-still-used",
    `${quotedName(key)}: this named collection is not dropped, because ${users.map(({ label }) => label).join(", ")} on the server uses it: a server older than 26 ` +
      "would not start again, or not list that database any more. Change or drop that first, or declare it in this stack with the collection's resource, so that it goes first",
  );
}

/** The user of this connection does not take its own rights away. */
async function refuseOwnRights(
  connection: Connection,
  { key, engine }: LiveObject,
  { allowed, howToAllow }: DropOptions,
): Promise<void> {
  const [row] = await connection.query<{ user: string }>("SELECT currentUser() AS user");
  const { name = "" } = keyParts(key);
  if (allowed || row?.user !== (engine === "Grant" ? grantParts(name)?.grantee : name)) return;
  throw new SchemaError(
    "drop-still-used",
    `${quotedName(key)}: its rights are not taken back, because it is the user that runs this, who could not give them back. To leave them as they are, ` +
      `set retainOnDelete: true and run \`pulumi up\` before the removal. To take them back all the same: ${howToAllow}`,
  );
}

/** The server drops a role or a profile that others have, without an error: they lose rights, or their limits. */
async function refuseIfInherited(
  connection: Connection,
  { key }: LiveObject,
  kind: AccessKind,
  { allowed, howToAllow }: DropOptions,
  ends: (reader: string) => boolean,
): Promise<void> {
  const found = allowed ? [] : await dependentsOf(connection, key, kind);
  const left = found.filter((one) => one.key === undefined || !ends(one.key));
  if (left.length === 0) return;
  throw new SchemaError(
    "drop-still-used",
    `${quotedName(key)}: this ${kindOf(kind).word} is not dropped, because these still use it and would silently lose ` +
      `${kind === "settingsProfile" ? "its limits" : "it"}: ${left.map(({ label }) => label).join(", ")}. Change these first. To drop it all the same: ${howToAllow}`,
  );
}

/** What takes rights back; undefined for what is dropped. */
export function takingBack(found: LiveObject, { statement, beside = [] }: DropOptions): string[] | undefined {
  if (found.engine !== "Grants" && found.engine !== "Grant") return undefined;
  const live = parseCreate(found.statement);
  const managed = statement === undefined ? live : parseCreate(statement);
  if (live.kind === "grant" && managed.kind === "grant") return takingPartBack(found.privileges, live, managed, beside);
  if (live.kind !== "grants" || managed.kind !== "grants") return [];
  // What others have taken back is gone already, and so is what is not managed.
  const roles = live.roles?.filter(({ role }) => managed.roles?.some((one) => one.role === role)) ?? [];
  const { rights: _, ...rest } = live;
  const spec = { ...rest, roles, ...(managed.rights !== undefined && { rights: live.rights ?? [] }) };
  return kindOf("grants").dropStatements?.(spec) ?? [];
}

function takingPartBack(
  privileges: Lattice | undefined,
  held: GrantSpec,
  managed: GrantSpec,
  others: readonly GrantSpec[],
): string[] {
  if (privileges === undefined) throw new Error("a grant is read together with the privileges of its server");
  const from = partHeld(privileges, held, managed);
  const to: GrantSpec = { kind: "grant", name: held.name };
  return planGrant(from, to, diffGrant(from, to), { privileges, beside: { held, others } }).map(({ sql }) => sql);
}
