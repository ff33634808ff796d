import { type Cursor, createCursor, createHeadCursor, fail } from "../cursor";
import { SQL_KINDS } from "../kinds";
import type { ObjectSpec } from "../spec";
import { failUnqualified } from "./clauses";
import { type Header, takeHeader } from "./header";

/** More tokens than the longest head has. */
const HEAD_TOKENS = 24;

/**
 * Parses one CREATE statement, as the engine prints it or as people write it. Every piece of SQL stays verbatim; `IF NOT EXISTS`
 * and UUIDs are left out.
 *
 * @throws {SqlParseError} when it is anything else, has no database in its name, or cannot be represented in a spec.
 */
export function parseCreate(sql: string): ObjectSpec {
  const cursor = takeStatement(createCursor(sql));
  const header = takeHeader(cursor);
  const { kind, database, name } = header;
  const { scope, parse } = SQL_KINDS[kind];
  if (scope === "database" && database === undefined)
    throw failUnqualified({ ...cursor, position: cursor.position - 1 }, name, "the name");
  return parse(cursor, { database: database ?? "", name });
}

/**
 * Reads kind and name of a CREATE statement and nothing after them.
 *
 * @throws {SqlParseError} when it creates nothing that this package manages.
 */
export function parseHeader(sql: string): Header {
  return takeHeader(createHeadCursor(sql, HEAD_TOKENS));
}

export type { Header } from "./header";

/** The cursor without the semicolon at the end. */
function takeStatement(cursor: Cursor): Cursor {
  const isSemicolon = (index: number): boolean => cursor.tokens[index]?.text === ";";
  let end = cursor.end;
  while (end > 0 && isSemicolon(end - 1)) end--;
  const inner = cursor.tokens.findIndex((_, index) => index < end && isSemicolon(index));
  if (inner >= 0) {
    throw fail(
      { ...cursor, position: inner + 1 },
      "Found another statement behind the first: declare each object on its own",
    );
  }
  return { ...cursor, end };
}
