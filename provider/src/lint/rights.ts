import { createCursor, takeWords } from "../sql/cursor";
import { SqlParseError } from "../sql/errors";
import { quoteString } from "../sql/identifiers";
import { keyNamed } from "../sql/object-key";
import { type Phrase, parseRights } from "../sql/rights/parse";
import type { Subject } from "./subject";

/** One right of a set of grants. */
export interface Right extends Phrase {
  readonly revoked: boolean;
  /** Whether it may be passed on. */
  readonly option: boolean;
  /** The line that it stands in, as the statement has it. */
  readonly line: string;
}

/** The rights that a `Grants` or a `Grant` lists; none for anything else. */
export function rightsOf({ spec }: Subject): Right[] {
  return ("rights" in spec ? (spec.rights ?? []) : []).flatMap((line) => {
    const cursor = createCursor(line);
    const revoked = takeWords(cursor, "REVOKE");
    try {
      const { phrases, option } = parseRights(revoked ? line.replace(/^\s*REVOKE\s/i, "") : line);
      return phrases.map((phrase) => ({ ...phrase, revoked, option, line }));
    } catch (error) {
      if (!(error instanceof SqlParseError)) throw error;
      return [];
    }
  });
}

/** Where a right stands. */
export function atRight(subject: Subject, { line }: Right): { offset: number; text: string } | undefined {
  return subject.atFirst(quoteString(line));
}

/** A name in full behind ON; undefined for a star or a prefix. */
export function nameAt({ target }: Phrase, index: number): string | undefined {
  const part = target.parts[index];
  return part === undefined || part.open ? undefined : part.text;
}

/** The key of the table, or the database, that a right names in full; undefined for anything wider and for objects of a server. */
export function keyOfTarget(phrase: Phrase): string | undefined {
  const [database, table] = [nameAt(phrase, 0), nameAt(phrase, 1)];
  if (phrase.target.parts.length !== 2 || database === undefined) return undefined;
  if (table !== undefined) return keyNamed("table", database, table);
  return phrase.target.parts[1]?.text === "" ? keyNamed("database", undefined, database) : undefined;
}

/** Whether it is about everything on the server. */
export function isEverywhere({ target }: Phrase): boolean {
  return target.parts.every(({ text, open }) => open && text === "");
}
