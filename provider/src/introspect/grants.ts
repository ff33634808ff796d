import type { Connection } from "../connection/connection";
import { isAccessDenied } from "../connection/server-message";
import { grantParts, renderGrant } from "../sql/access/grant";
import { type GrantsSpec, type RoleGrant, renderGrants } from "../sql/access/grants";
import type { Holder } from "../sql/access/holder";
import { quoteIdentifier, quoteString } from "../sql/identifiers";
import { keyNamed, keyParts } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import { type Lattice, latticeOf, type PrivilegeRow } from "../sql/rights/lattice";
import { linesOf } from "../sql/rights/lines";
import { type GrantLine, parseGrantLine } from "../sql/rights/parse";
import { reachable } from "../util/graph";
import { type GrantRow, rulesRead } from "./grant-rows";
import type { LiveObject } from "./live-object";
import { HiddenError } from "./visibility";

/** Asks any server or engine for its privileges; everybody may. */
export const PRIVILEGES = "SELECT privilege, aliases, level, parent_group FROM system.privileges";

/** The privileges that a server knows. One query. */
export async function readLattice(connection: Connection): Promise<Lattice> {
  return latticeOf(await connection.query<PrivilegeRow>(PRIVILEGES));
}

/**
 * What a user or role may do; undefined when there is no such user or role. Four queries.
 *
 * @throws {HiddenError} when this user may not see it.
 */
export async function readGrants(
  connection: Connection,
  lattice: Lattice,
  name: string,
): Promise<LiveObject | undefined> {
  try {
    const [holder] = await readHolders(connection, lattice, [name]);
    return holder && grantsOf(lattice, holder);
  } catch (error) {
    if (!isAccessDenied(error)) throw error;
    // The embedded engine keeps no users.
    if (connection.url.startsWith("chdb:")) return undefined;
    throw await hidden(connection, quoteIdentifier(name));
  }
}

/** What every user and role may do that has a right or a role. @throws {HiddenError} when this user may not see it. */
export async function readAllGrants(connection: Connection, lattice: Lattice): Promise<LiveObject[]> {
  if (connection.url.startsWith("chdb:")) return [];
  try {
    const holders = await readHolders(connection, lattice);
    return holders.filter(({ rules, roles }) => rules.length + roles.length > 0).map((one) => grantsOf(lattice, one));
  } catch (error) {
    if (!isAccessDenied(error)) throw error;
    throw await hidden(connection, "grants");
  }
}

function grantsOf(lattice: Lattice, { name, storage, rules, roles, defaultRoles }: Holder): LiveObject {
  const rights = linesOf(lattice, rules);
  return {
    key: keyNamed("grants", undefined, name),
    statement: renderGrants({ kind: "grants", name, rights, roles, ...(defaultRoles && { defaultRoles }) }),
    engine: "Grants",
    uuid: "",
    rows: undefined,
    bytes: undefined,
    access: { storage, others: [] },
  };
}

async function hidden(connection: Connection, what: string): Promise<HiddenError> {
  const [row] = await connection.query<{ user: string }>("SELECT currentUser() AS user");
  const user = quoteIdentifier(row?.user ?? "");
  return new HiddenError(
    `${what}: the user ${user} may not see what it may do. Nothing was changed. Allow it: GRANT SHOW ACCESS ON *.*, SELECT ON system.users, ` +
      `SELECT ON system.roles, SELECT ON system.grants, SELECT ON system.role_grants TO ${user};`,
  );
}

/** A grant by its key: with all that its grantee has, of which whoever compares takes what is declared. Otherwise as {@link readGrants}. */
export async function readGrant(
  connection: Connection,
  lattice: Lattice,
  key: string,
): Promise<LiveObject | undefined> {
  const { name = "" } = keyParts(key);
  const { grantee } = grantParts(name) ?? { grantee: name };
  const found = await readGrants(connection, lattice, grantee);
  if (found === undefined) return undefined;
  const { kind: _, defaultRoles: __, ...held } = parseCreate(found.statement) as GrantsSpec;
  return {
    ...found,
    key,
    statement: renderGrant({ ...held, kind: "grant", name }),
    engine: "Grant",
    privileges: lattice,
  };
}

interface GranteeRow {
  readonly kind: "user" | "role";
  readonly name: string;
  readonly storage: string;
  readonly all: number;
  readonly list: readonly string[];
  readonly except: readonly string[];
}

interface RoleRow {
  readonly user_name: string | null;
  readonly role_name: string | null;
  readonly role: string;
  readonly admin: number;
}

/** Users and roles with what they may do; by default all of them. Three queries, and one for each hundred on servers before 26. */
export async function readHolders(
  connection: Connection,
  lattice: Lattice,
  names?: readonly string[],
): Promise<Holder[]> {
  const list = names?.map(quoteString).join(", ");
  const among = (column: string): string => (list === undefined ? "" : ` WHERE ${column} IN (${list})`);
  const grantees = firstOfName(await connection.query<GranteeRow>(granteeQuery(among("name"))));
  if (grantees.length === 0) return [];
  const whose = among("ifNull(user_name, role_name)");
  const rows = await connection.query<GrantRow>(`SELECT * FROM system.grants${whose}`);
  const roles = await connection.query<RoleRow>(
    `SELECT user_name, role_name, granted_role_name AS role, with_admin_option AS admin FROM system.role_grants${whose} ORDER BY role`,
  );
  const isComplete = rows.every((row) => row.is_wildcard !== undefined);
  const having = isComplete ? [] : grantees.filter((one) => rows.some((row) => isOf(row, one)));
  const shown = await readShown(
    connection,
    having.map(({ name }) => name),
  );
  return grantees.map((grantee): Holder => {
    const { kind, name, storage } = grantee;
    const held = roles
      .filter((row) => isOf(row, grantee))
      .map(({ role, admin }): RoleGrant => ({ role, admin: Number(admin) === 1 }));
    const own = rows.filter((row) => isOf(row, grantee));
    const rules = rulesRead(lattice, own, isComplete ? undefined : (shown.get(name) ?? []));
    return { kind, name, storage, rules, roles: held, ...defaultsOf(grantee, held) };
  });
}

function isOf(row: Pick<RoleRow, "user_name" | "role_name">, { kind, name }: GranteeRow): boolean {
  return (kind === "user" ? row.user_name : row.role_name) === name;
}

/** Of a user and a role of one name, every statement means the user; of users, the first storage's. */
function firstOfName(rows: readonly GranteeRow[]): GranteeRow[] {
  const found = new Map<string, GranteeRow>();
  for (const row of rows) if (!found.has(row.name)) found.set(row.name, row);
  return [...found.values()];
}

function granteeQuery(among: string): string {
  return `SELECT * FROM (SELECT 'user' AS kind, name, storage, default_roles_all AS all, default_roles_list AS list, default_roles_except AS except FROM system.users${among}
UNION ALL SELECT 'role', name, storage, 0, [], [] FROM system.roles${among}) ORDER BY kind DESC, name`;
}

/** Names in one SHOW GRANTS. */
const AT_ONCE = 100;

async function readShown(connection: Connection, names: readonly string[]): Promise<Map<string, GrantLine[]>> {
  const found = new Map<string, GrantLine[]>();
  for (let from = 0; from < names.length; from += AT_ONCE) {
    const some = names.slice(from, from + AT_ONCE).map(quoteIdentifier);
    for (const row of await connection.query<Record<string, string>>(`SHOW GRANTS FOR ${some.join(", ")}`)) {
      const line = parseGrantLine(String(Object.values(row)[0] ?? ""));
      found.set(line.grantee, [...(found.get(line.grantee) ?? []), line]);
    }
  }
  return found;
}

function defaultsOf(
  { kind, all, list, except }: GranteeRow,
  held: readonly RoleGrant[],
): Pick<GrantsSpec, "defaultRoles"> {
  if (kind === "role") return {};
  if (Number(all) === 1 && except.length === 0) return { defaultRoles: "all" };
  const names = Number(all) === 1 ? held.map(({ role }) => role).filter((role) => !except.includes(role)) : [...list];
  return { defaultRoles: names.length === 0 ? "none" : names.sort() };
}

/** What somebody may do and all whom a change of it concerns: who has it as a role, directly or through others, and all roles of these. */
export async function readConcerned(connection: Connection, lattice: Lattice, grantee: string): Promise<Holder[]> {
  const rows = await connection.query<Omit<RoleRow, "admin">>(
    "SELECT user_name, role_name, granted_role_name AS role FROM system.role_grants",
  );
  const having = (role: string): string[] => rows.filter((row) => row.role === role).map(holderOf);
  const had = (name: string): string[] => rows.filter((row) => holderOf(row) === name).map(({ role }) => role);
  const below = reachable(having, grantee);
  const names = new Set([...below].flatMap((name) => [...reachable(had, name)]));
  return readHolders(connection, lattice, [...names]);
}

function holderOf(row: Pick<RoleRow, "user_name" | "role_name">): string {
  return row.user_name ?? row.role_name ?? "";
}
