import {
  atWords,
  type Cursor,
  isAtEnd,
  peek,
  splitAtCommas,
  takeName,
  takeOperator,
  takeString,
  takeWords,
} from "../cursor";
import { quoteIdentifier, quoteString } from "../identifiers";
import { failLeftover } from "../parse/clauses";
import type { QualifiedName } from "../spec";

/** A role that somebody has. */
export interface RoleGrant {
  readonly role: string;
  /** Whether they may pass it on. */
  readonly admin: boolean;
}

/** Rights and roles of somebody. What is absent is not managed. */
export interface RightsAndRoles {
  /** E.g. `SELECT(id), INSERT ON shop.orders`, `ALL ON shop.* WITH GRANT OPTION`, `REVOKE SELECT ON shop.cards`, wider ones first. */
  readonly rights?: readonly string[];
  /** Sorted by name. */
  readonly roles?: readonly RoleGrant[];
}

/**
 * All that a user or role may do. No server has a statement for it, so the text is ours: `CREATE GRANTS name RIGHTS '…', … ROLES … DEFAULT ROLE …`.
 */
export interface GrantsSpec extends RightsAndRoles {
  readonly kind: "grants";
  /** The grantee. */
  readonly name: string;
  /** The roles that a session of a user begins with; a list is sorted. */
  readonly defaultRoles?: "all" | "none" | readonly string[];
}

/** Parses what follows the name. */
export function parseGrants(cursor: Cursor, { name }: QualifiedName): GrantsSpec {
  const found = takeRightsAndRoles(cursor);
  const defaultRoles = takeWords(cursor, "DEFAULT", "ROLE") ? takeDefault(cursor) : undefined;
  if (!isAtEnd(cursor)) throw failLeftover(cursor, "RIGHTS '…', then ROLES …, then DEFAULT ROLE …");
  return { kind: "grants", name, ...found, ...(defaultRoles !== undefined && { defaultRoles }) };
}

/** RIGHTS and ROLES, each if it is there. */
export function takeRightsAndRoles(cursor: Cursor): RightsAndRoles {
  const rights = takeWords(cursor, "RIGHTS") ? takeRights(cursor) : undefined;
  const roles = takeWords(cursor, "ROLES") ? takeRoles(cursor) : undefined;
  return { ...(rights !== undefined && { rights }), ...(roles !== undefined && { roles }) };
}

/** The text of the state, one right a line. */
export function renderGrants({ name, rights, roles, defaultRoles }: GrantsSpec): string {
  const defaults = defaultRoles === undefined ? "" : `\nDEFAULT ROLE ${renderDefault(defaultRoles)}`;
  return `CREATE GRANTS ${quoteIdentifier(name)}${renderRights(rights)}${renderRoles(roles)}${defaults}`;
}

export function renderRights(rights: GrantsSpec["rights"]): string {
  if (rights === undefined) return "";
  return `\nRIGHTS${rights.length === 0 ? " NONE" : `\n    ${rights.map(quoteString).join(",\n    ")}`}`;
}

export function renderRoles(roles: GrantsSpec["roles"]): string {
  return roles === undefined ? "" : `\nROLES ${roles.length === 0 ? "NONE" : roles.map(renderRole).join(", ")}`;
}

/** Behind DEFAULT ROLE. */
export function renderDefault(roles: NonNullable<GrantsSpec["defaultRoles"]>): string {
  if (roles === "all") return "ALL";
  return roles === "none" || roles.length === 0 ? "NONE" : roles.map(quoteIdentifier).join(", ");
}

function renderRole({ role, admin }: RoleGrant): string {
  return `${quoteIdentifier(role)}${admin ? " WITH ADMIN OPTION" : ""}`;
}

function takeRights(cursor: Cursor): string[] {
  if (takeWords(cursor, "NONE")) return [];
  const rights: string[] = [];
  do rights.push(takeString(cursor, "RIGHTS"));
  while (takeOperator(cursor, ","));
  return rights;
}

function takeRoles(cursor: Cursor): RoleGrant[] {
  if (takeWords(cursor, "NONE")) return [];
  const roles: RoleGrant[] = [];
  do roles.push({ role: takeName(cursor, "role"), admin: takeWords(cursor, "WITH", "ADMIN", "OPTION") });
  while (takeOperator(cursor, ","));
  return roles;
}

function takeDefault(cursor: Cursor): NonNullable<GrantsSpec["defaultRoles"]> {
  if (takeWords(cursor, "ALL")) return "all";
  if (takeWords(cursor, "NONE")) return "none";
  if (peek(cursor) === undefined || atWords(cursor, "ROLES")) throw failLeftover(cursor, "ALL, NONE or roles");
  return splitAtCommas(takeAll(cursor)).map((part) => takeName(part, "role"));
}

function takeAll(cursor: Cursor): Cursor {
  const rest = { ...cursor };
  cursor.position = cursor.end;
  return rest;
}
