import { type Cursor, fail, isAtEnd, peek, splitAtCommas, takeName, takeOperator, takeWords } from "../cursor";
import { quoteIdentifier, quoteString, unquoteString } from "../identifiers";
import { failLeftover } from "../parse/clauses";
import type { QualifiedName } from "../spec";

/** `CREATE NAMED COLLECTION`. */
export interface NamedCollectionSpec {
  readonly kind: "namedCollection";
  readonly name: string;
  /** Sorted by key. */
  readonly entries: readonly CollectionEntry[];
}

/** One key of a collection. */
export interface CollectionEntry {
  readonly key: string;
  /** Plain value; absent for a secret, and for every value on a server, which are never read. */
  readonly value?: string;
  /** Whether a query may override it. Absent: as the server's configuration says; `unknown`: the server does not show it (24.8). */
  readonly overridable?: boolean | "unknown";
}

/** What is shown in place of a value. */
export const HIDDEN_VALUE = "[HIDDEN]";
/** Marks what a server does not show; never in a state. */
const UNKNOWN_FLAG = "OVERRIDABLE UNKNOWN";

/** Parses what follows the name: `AS key = 'value' NOT OVERRIDABLE, …`. */
export function parseNamedCollection(cursor: Cursor, { name }: QualifiedName): NamedCollectionSpec {
  if (!takeWords(cursor, "AS")) throw failLeftover(cursor, "AS key = 'value', …");
  const entries = splitAtCommas(cursor).map(takeEntry);
  cursor.position = cursor.end;
  return { kind: "namedCollection", name, entries: sortedEntries(entries) };
}

/** The CREATE statement; a secret is `'[HIDDEN]'`. */
export function renderNamedCollection({ name, entries }: NamedCollectionSpec): string {
  return `CREATE NAMED COLLECTION ${quoteIdentifier(name)} AS\n    ${entries.map(renderEntry).join(",\n    ")}`;
}

/** `key = 'value' NOT OVERRIDABLE`. */
export function renderEntry({ key, value = HIDDEN_VALUE, overridable }: CollectionEntry): string {
  const flag =
    overridable === undefined
      ? ""
      : overridable === "unknown"
        ? ` ${UNKNOWN_FLAG}`
        : overridable
          ? " OVERRIDABLE"
          : " NOT OVERRIDABLE";
  return `${quoteIdentifier(key)} = ${quoteString(value)}${flag}`;
}

export function sortedEntries(entries: readonly CollectionEntry[]): CollectionEntry[] {
  return [...entries].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** The statement with the secrets in their places. @throws {Error} for one that is not known. */
export function withSecretValues(sql: string, secrets: Readonly<Record<string, string>>): string {
  const places = /(`(?:[^`\\]|\\.)*`|[A-Za-z_]\w*) = '\[HIDDEN\]'/g;
  return sql.replace(places, (_, quoted: string) => {
    const key = quoted.startsWith("`") ? quoted.slice(1, -1).replace(/\\(.)/g, "$1") : quoted;
    const value = secrets[key];
    if (value === undefined) throw new Error(`the secret ${quoted} is not known to this process`);
    return `${quoted} = ${quoteString(value)}`;
  });
}

function takeEntry(part: Cursor): CollectionEntry {
  const key = takeName(part, "key");
  if (!takeOperator(part, "=")) throw failLeftover(part, '"=" and a value');
  const value = takeValue(part);
  const entry = { key, ...(value !== HIDDEN_VALUE && { value }) };
  if (takeWords(part, "NOT", "OVERRIDABLE")) return ended(part, { ...entry, overridable: false });
  if (takeWords(part, "OVERRIDABLE", "UNKNOWN")) return ended(part, { ...entry, overridable: "unknown" });
  return ended(part, takeWords(part, "OVERRIDABLE") ? { ...entry, overridable: true } : entry);
}

function takeValue(part: Cursor): string {
  const sign = takeOperator(part, "-") ? "-" : "";
  const token = peek(part);
  if (token?.kind !== "string" && token?.kind !== "number" && token?.kind !== "word")
    throw fail(part, "Expected a value");
  part.position++;
  return token.kind === "string" ? unquoteString(token.text) : `${sign}${token.text}`;
}

function ended(part: Cursor, entry: CollectionEntry): CollectionEntry {
  if (!isAtEnd(part)) throw failLeftover(part, "OVERRIDABLE or NOT OVERRIDABLE");
  return entry;
}
