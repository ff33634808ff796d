import { unquoteIdentifier } from "../../sql/identifiers";
import type { Token } from "../../sql/lexer";
import type { QualifiedName } from "../../sql/spec";
import { type Context, isName } from "./clauses";
import type { Renaming } from "./names";

/** A statement with replaced names. */
export interface Rewritten {
  readonly text: string;
  /** Mentions that cannot be replaced, described in words: `the engine Buffer(… 'd', 't' …)`. Empty when there are none. */
  readonly refused: readonly string[];
}

/** A range of the text, and its replacement. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** State shared by the functions that find mentions in a statement. */
export interface Scan {
  readonly tokens: readonly Token[];
  readonly contexts: readonly Context[];
  readonly renaming: Renaming;
  readonly edits: Edit[];
  readonly refused: Set<string>;
}

/** Records that `text` replaces the tokens from `first` to `last`. */
export function replace(scan: Scan, first: number, last: number, text: string): void {
  const [start, end] = [scan.tokens[first]?.start, scan.tokens[last]?.end];
  if (start === undefined || end === undefined) throw new Error(`No tokens from ${first} to ${last}`);
  scan.edits.push({ start, end, text });
}

/** `database.name` starting at a token. */
export function pairAt(tokens: readonly Token[], index: number): QualifiedName | undefined {
  const [database, dot, name] = tokens.slice(index, index + 3);
  if (database === undefined || dot?.text !== "." || name === undefined) return undefined;
  if (!isName(database) || !isName(name) || tokens[index - 1]?.text === ".") return undefined;
  return { database: unquoteIdentifier(database.text), name: unquoteIdentifier(name.text) };
}
