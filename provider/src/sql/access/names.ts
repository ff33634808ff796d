import { type Cursor, isAtEnd, peek, splitAtCommas, takeName, takeString, takeWords } from "../cursor";
import { quoteIdentifier } from "../identifiers";
import type { ToSpec } from "./spec";

/** Nobody. */
export const NOBODY: ToSpec = Object.freeze({ all: false, names: [] });

/** Words that begin a clause of a statement about users, roles, profiles or quotas. */
const CLAUSES: ReadonlySet<string> = new Set([
  ...["IDENTIFIED", "HOST", "DEFAULT", "SETTINGS", "SETTING", "PROFILE", "GRANTEES", "TO", "FOR", "KEYED", "NOT", "IN"],
  "VALID",
]);

/** A cursor over what belongs to a clause: up to the word that begins another one behind a value, not behind a comma. */
export function takeClause(cursor: Cursor, ends: ReadonlySet<string> = CLAUSES): Cursor {
  const from = cursor.position;
  while (!isAtEnd(cursor)) {
    const token = peek(cursor);
    const before = cursor.position === from ? undefined : cursor.tokens[cursor.position - 1]?.text;
    const begins = token?.kind === "word" && ends.has(token.text.toUpperCase());
    if (begins && before !== undefined && before !== ",") break;
    cursor.position = (cursor.closers.get(cursor.position) ?? cursor.position) + 1;
  }
  return { ...cursor, position: from, end: cursor.position };
}

/** A name of a user or role, as a word, quoted, or as a string; `user@'host'` is one name. */
export function takeEntity(cursor: Cursor, what: string): string {
  const name = peek(cursor)?.kind === "string" ? takeString(cursor, what) : takeName(cursor, what);
  if (peek(cursor)?.text !== "@") return name;
  cursor.position++;
  return `${name}@${peek(cursor)?.kind === "string" ? takeString(cursor, what) : takeName(cursor, what)}`;
}

/** `a, b`. */
export function takeNames(cursor: Cursor, what: string): string[] {
  return sortedNames(splitAtCommas(cursor).map((part) => takeEntity(part, what)));
}

/** What follows TO, which is the last clause: names, ALL, ALL EXCEPT names, NONE. */
export function takeTo(cursor: Cursor): ToSpec {
  const list = { ...cursor };
  cursor.position = cursor.end;
  if (takeWords(list, "NONE") && isAtEnd(list)) return NOBODY;
  if (!takeWords(list, "ALL")) return { all: false, names: takeNames(list, "user or role") };
  return { all: true, names: takeWords(list, "EXCEPT") ? takeNames(list, "user or role") : [] };
}

/** Behind TO. */
export function renderTo({ all, names }: ToSpec): string {
  if (!all) return names.length === 0 ? "NONE" : renderNames(names);
  return names.length === 0 ? "ALL" : `ALL EXCEPT ${renderNames(names)}`;
}

export function renderNames(names: readonly string[]): string {
  return names.map(quoteIdentifier).join(", ");
}

/** By code units, each once. */
export function sortedNames(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
