import { type Cursor, isAtEnd, takeWords } from "../cursor";
import { quoteIdentifier } from "../identifiers";
import { failLeftover } from "../parse/clauses";
import type { QualifiedName } from "../spec";
import { limitsClause, NO_LIMITS, takeLimits } from "./limits";
import { NOBODY, renderTo, takeTo } from "./names";
import type { SettingsProfileSpec, ToSpec } from "./spec";

/** Parses what follows the name of a settings profile. */
export function parseSettingsProfile(cursor: Cursor, { name }: QualifiedName): SettingsProfileSpec {
  const { profiles, limits } = takeWords(cursor, "SETTINGS") ? takeLimits(cursor) : NO_LIMITS;
  const appliesTo = takeWords(cursor, "TO") ? takeTo(cursor) : NOBODY;
  if (!isAtEnd(cursor)) throw failLeftover(cursor, "SETTINGS …, then TO …");
  return { kind: "settingsProfile", name, profiles, limits, appliesTo };
}

export function renderSettingsProfile(spec: SettingsProfileSpec): string {
  return `CREATE SETTINGS PROFILE ${quoteIdentifier(spec.name)}${limitsClause(spec)}${toClause(spec.appliesTo)}`;
}

/** The clause with the line break before it; nothing for nobody. */
export function toClause(to: ToSpec): string {
  return to.all || to.names.length > 0 ? `\nTO ${renderTo(to)}` : "";
}
