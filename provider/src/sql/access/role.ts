import { type Cursor, isAtEnd, takeWords } from "../cursor";
import { quoteIdentifier } from "../identifiers";
import { failLeftover } from "../parse/clauses";
import type { QualifiedName } from "../spec";
import { limitsClause, NO_LIMITS, takeLimits } from "./limits";
import type { RoleSpec } from "./spec";

/** Parses what follows the name of a role. */
export function parseRole(cursor: Cursor, { name }: QualifiedName): RoleSpec {
  const { profiles, limits } = takeWords(cursor, "SETTINGS") ? takeLimits(cursor) : NO_LIMITS;
  if (!isAtEnd(cursor)) throw failLeftover(cursor, "SETTINGS …");
  return { kind: "role", name, profiles, limits };
}

export function renderRole(spec: RoleSpec): string {
  return `CREATE ROLE ${quoteIdentifier(spec.name)}${limitsClause(spec)}`;
}
