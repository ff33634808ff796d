/** Where a parse error is in the source, and what is there. */
export interface SourcePlace {
  /** Line, from 1. */
  readonly line: number;
  /** Column in UTF-16 units, from 1. */
  readonly column: number;
  /** The source from there on, one line, at most {@link FRAGMENT_LENGTH} characters. */
  readonly fragment: string;
}

/** A string is not one CREATE statement of a kind that this package manages. */
export class SqlParseError extends Error implements SourcePlace {
  override readonly name = "SqlParseError";
  readonly line: number;
  readonly column: number;
  readonly fragment: string;
  /** The message without the place. */
  readonly problem: string;

  constructor(problem: string, place: SourcePlace) {
    const where = `line ${place.line}, column ${place.column}`;
    super(`${problem} (${where}${place.fragment === "" ? ", at the end" : `: ${place.fragment}`})`);
    this.problem = problem;
    this.line = place.line;
    this.column = place.column;
    this.fragment = place.fragment;
  }
}

const FRAGMENT_LENGTH = 60;

/** The error for `message` at `offset` of `source`. */
export function parseError(source: string, offset: number, message: string): SqlParseError {
  const before = source.slice(0, offset);
  const rest = source.slice(offset).trimStart();
  const firstLine = rest.split("\n", 1)[0] ?? "";
  return new SqlParseError(message, {
    line: before.split("\n").length,
    column: offset - (before.lastIndexOf("\n") + 1) + 1,
    fragment: firstLine.length > FRAGMENT_LENGTH ? `${firstLine.slice(0, FRAGMENT_LENGTH)}…` : firstLine.trimEnd(),
  });
}
