import { type Cursor, createCursor, isAtEnd, takeName, takeWords } from "../cursor";
import { SqlParseError } from "../errors";
import { quoteIdentifier } from "../identifiers";
import { failLeftover } from "../parse/clauses";
import type { ObjectSpec, QualifiedName } from "../spec";
import {
  type GrantsSpec,
  type RightsAndRoles,
  type RoleGrant,
  renderRights,
  renderRoles,
  takeRightsAndRoles,
} from "./grants";

/**
 * Some of what a user or role may do: what else it may do is nobody's business here. The text is ours: `CREATE GRANT name TO grantee RIGHTS '…' ROLES …`.
 */
export interface GrantSpec extends RightsAndRoles {
  readonly kind: "grant";
  /** Its own name and that of the grantee, as {@link grantName} joins them: a grantee has as many grants as one likes. */
  readonly name: string;
}

/** Identity of a grant, readable in messages: `reports TO alice`. */
export function grantName(label: string, grantee: string): string {
  return `${quoteIdentifier(label)} TO ${quoteIdentifier(grantee)}`;
}

/** The parts of a {@link grantName}; undefined for any other text. */
export function grantParts(name: string): { readonly label: string; readonly grantee: string } | undefined {
  try {
    const cursor = createCursor(name);
    const label = takeName(cursor, "grant");
    if (!takeWords(cursor, "TO")) return undefined;
    const grantee = takeName(cursor, "grantee");
    return isAtEnd(cursor) ? { label, grantee } : undefined;
  } catch (error) {
    if (error instanceof SqlParseError) return undefined;
    throw error;
  }
}

/** Whether it says what somebody may do: all of it, or some. */
export function isGrants(spec: ObjectSpec): spec is GrantsSpec | GrantSpec {
  return spec.kind === "grants" || spec.kind === "grant";
}

/** Who may do it. */
export function granteeOf({ kind, name }: GrantsSpec | GrantSpec): string {
  return kind === "grants" ? name : (grantParts(name)?.grantee ?? name);
}

/** Parses what follows the name. */
export function parseGrant(cursor: Cursor, { name }: QualifiedName): GrantSpec {
  if (!takeWords(cursor, "TO")) throw failLeftover(cursor, "TO and the grantee");
  const grantee = takeName(cursor, "grantee");
  const found = takeRightsAndRoles(cursor);
  if (!isAtEnd(cursor)) throw failLeftover(cursor, "RIGHTS '…', then ROLES …");
  return { kind: "grant", name: grantName(name, grantee), ...found };
}

/** The text of the state, one right a line. */
export function renderGrant({ name, rights, roles }: GrantSpec): string {
  return `CREATE GRANT ${name}${renderRights(rights)}${renderRoles(roles)}`;
}

/** The roles that both have, with the right to pass them on where both have it. */
export function commonRoles(one: readonly RoleGrant[], other: readonly RoleGrant[]): RoleGrant[] {
  return one.flatMap(({ role, admin }) => {
    const same = other.find((held) => held.role === role);
    return same === undefined ? [] : [{ role, admin: admin && same.admin }];
  });
}
