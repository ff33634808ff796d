import { lex } from "../sql/lexer";
import { Sql } from "./value";

/** Width of one indentation step in the program. */
const STEP = 2;

/** A piece of SQL as it is. */
export function sql(text: string): Sql {
  return new Sql([text]);
}

/**
 * A query of several lines, on separate lines.
 *
 * @param indent spaces before its lines.
 */
export function query(text: string, indent = 2 * STEP): Sql {
  const lines = dedent(text);
  if (lines.length === 1 || hasLongToken(text)) return sql(text);
  const shift = " ".repeat(indent);
  const body = lines.map((line) => (line === "" ? "" : shift + line)).join("\n");
  return sql(`\n${body}\n${" ".repeat(indent - STEP)}`);
}

/** Without the common indentation, and without empty lines at both ends. */
function dedent(text: string): string[] {
  const lines = text.replace(/^(?:[ \t]*\n)+|\s+$/g, "").split("\n");
  const width = Math.min(...lines.map((line) => (line === "" ? Infinity : line.length - line.trimStart().length)));
  return Number.isFinite(width) ? lines.map((line) => line.slice(width)) : lines;
}

/** White space inside a token is part of a value. */
function hasLongToken(text: string): boolean {
  return lex(text).some((token) => token.text.includes("\n"));
}
