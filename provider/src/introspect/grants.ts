import type { Connection } from "../connection/connection";
import { isAccessDenied } from "../connection/server-message";
import { grantParts, renderGrant } from "../sql/access/grant";
import { type GrantsSpec, type RoleGrant, renderGrants } from "../sql/access/grants";
import { quoteIdentifier, quoteString } from "../sql/identifiers";
import { keyNamed, keyParts } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import { type Lattice, latticeOf, type PrivilegeRow } from "../sql/rights/lattice";
import { linesOf } from "../sql/rights/lines";
import { parseGrantLine } from "../sql/rights/parse";
import { type Rule, VERBS, type Verb } from "../sql/rights/points";
import { byRegion, type Region } from "../sql/rights/region";
import { resolve } from "../sql/rights/resolve";
import type { LiveObject } from "./server-catalog";
import { HiddenError } from "./visibility";

/** A row of `system.grants`; which columns there are depends on the server. */
export interface GrantRow {
  readonly access_type: string;
  readonly access_object?: string | null;
  readonly database: string | null;
  readonly table: string | null;
  readonly column: string | null;
  readonly is_partial_revoke: number;
  readonly grant_option: number;
  /** Absent before 26: then the rows do not tell a prefix from a name. */
  readonly is_wildcard?: number;
}

interface Grantee {
  readonly kind: "user" | "role";
  readonly storage: string;
  readonly all: number;
  readonly list: readonly string[];
  readonly except: readonly string[];
}

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
    const [grantee] = await connection.query<Grantee>(granteeQuery(name));
    if (grantee === undefined) return undefined;
    const column = grantee.kind === "user" ? "user_name" : "role_name";
    const rights = linesOf(lattice, await readRules(connection, lattice, column, name));
    const roles = await connection.query<{ role: string; admin: number }>(
      `SELECT granted_role_name AS role, with_admin_option AS admin FROM system.role_grants WHERE ${column} = ${quoteString(name)} ORDER BY role`,
    );
    const held = roles.map(({ role, admin }): RoleGrant => ({ role, admin: Number(admin) === 1 }));
    const spec: GrantsSpec = { kind: "grants", name, rights, roles: held, ...defaultsOf(grantee, held) };
    return {
      key: keyNamed("grants", undefined, name),
      statement: renderGrants(spec),
      engine: "Grants",
      uuid: "",
      rows: undefined,
      bytes: undefined,
      access: { storage: grantee.storage, others: [] },
    };
  } catch (error) {
    if (!isAccessDenied(error)) throw error;
    // The embedded engine keeps no users.
    if (connection.url.startsWith("chdb:")) return undefined;
    const [row] = await connection.query<{ user: string }>("SELECT currentUser() AS user");
    const user = quoteIdentifier(row?.user ?? "");
    throw new HiddenError(
      `${quoteIdentifier(name)}: the user ${user} may not see what it may do. Nothing was changed. Allow it: GRANT SHOW ACCESS ON *.*, SELECT ON system.users, ` +
        `SELECT ON system.roles, SELECT ON system.grants, SELECT ON system.role_grants TO ${user};`,
    );
  }
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

/** Of a user and a role of one name, every statement means the user. */
function granteeQuery(name: string): string {
  return `SELECT * FROM (SELECT 'user' AS kind, storage, default_roles_all AS all, default_roles_list AS list, default_roles_except AS except FROM system.users WHERE name = ${quoteString(name)}
UNION ALL SELECT 'role', storage, 0, [], [] FROM system.roles WHERE name = ${quoteString(name)}) ORDER BY kind DESC`;
}

function defaultsOf(
  { kind, all, list, except }: Grantee,
  held: readonly RoleGrant[],
): Pick<GrantsSpec, "defaultRoles"> {
  if (kind === "role") return {};
  if (Number(all) === 1 && except.length === 0) return { defaultRoles: "all" };
  const names = Number(all) === 1 ? held.map(({ role }) => role).filter((role) => !except.includes(role)) : [...list];
  return { defaultRoles: names.length === 0 ? "none" : names.sort() };
}

async function readRules(connection: Connection, lattice: Lattice, column: string, name: string): Promise<Rule[]> {
  const rows = await connection.query<GrantRow>(`SELECT * FROM system.grants WHERE ${column} = ${quoteString(name)}`);
  if (rows.length === 0 || rows.every((row) => row.is_wildcard !== undefined)) return rulesOfRows(lattice, rows);
  const shown = await connection.query<Record<string, string>>(`SHOW GRANTS FOR ${quoteIdentifier(name)}`);
  const lines = shown.map((row) => String(Object.values(row)[0] ?? ""));
  // Sources are shown wider than they are: READ as READ and WRITE, one as all.
  return sorted([...rulesOfShown(lattice, lines), ...onSources(lattice, rulesOfRows(lattice, rows), true)]);
}

/** Lines of SHOW GRANTS, without sources where the server tells reading from writing. */
export function rulesOfShown(lattice: Lattice, lines: readonly string[]): Rule[] {
  const rules = lines.flatMap((line) => {
    const parsed = parseGrantLine(line);
    if (parsed.kind === "roles") return [];
    const verb = verbOf(parsed.revoked, parsed.option);
    return parsed.phrases.flatMap((phrase) => {
      const found = resolve(lattice, phrase, verb);
      return typeof found === "string" ? [] : found;
    });
  });
  return sorted(onSources(lattice, rules, false));
}

/** What rules say of sources, or of all else. */
function onSources(lattice: Lattice, rules: readonly Rule[], wanted: boolean): Rule[] {
  const isWanted = (leaf: string): boolean => (lattice.reachOf(leaf).level === "SOURCE") === wanted;
  return rules
    .map((rule) => ({ ...rule, leaves: new Set([...rule.leaves].filter(isWanted)) }))
    .filter(({ leaves }) => leaves.size > 0);
}

/** Rows of `system.grants`. */
export function rulesOfRows(lattice: Lattice, rows: readonly GrantRow[]): Rule[] {
  return sorted(
    rows.map((row): Rule => {
      const verb = verbOf(Number(row.is_partial_revoke) === 1, Number(row.grant_option) === 1);
      return { verb, leaves: new Set(lattice.leavesOf(row.access_type)), region: regionOfRow(lattice, row) };
    }),
  );
}

function regionOfRow(lattice: Lattice, row: GrantRow): Region {
  const open = Number(row.is_wildcard ?? 0) === 1;
  const { on } = lattice.reachOf(lattice.leavesOf(row.access_type)[0] ?? row.access_type);
  const isObject = on === "object";
  const given = isObject ? [row.access_object || null] : [row.database, row.table, row.column];
  const names = given.filter((one): one is string => one !== null && one !== undefined);
  return {
    parts: names.map((text, index) => ({ text, open: open && index === names.length - 1 })),
    isObject: isObject && names.length > 0,
  };
}

function verbOf(revoked: boolean, option: boolean): Verb {
  if (revoked) return option ? "revoke-option" : "revoke";
  return option ? "grant-with-option" : "grant";
}

/** As the server's tree has them: what is in a region comes after it. */
function sorted(rules: readonly Rule[]): Rule[] {
  return [...rules].sort((a, b) => byRegion(a.region, b.region) || VERBS.indexOf(a.verb) - VERBS.indexOf(b.verb));
}
