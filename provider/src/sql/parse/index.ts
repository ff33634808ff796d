import { type Cursor, createCursor, createHeadCursor, fail } from "../cursor";
import type { ObjectSpec } from "../spec";
import { parseDatabase } from "./database";
import { failUnqualified, type Header, takeHeader } from "./header";
import { parseMaterializedView } from "./materialized-view";
import { parseTable } from "./table";
import { parseView } from "./view";

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
  if (kind === "database") return parseDatabase(cursor, header);
  if (database === undefined) throw failUnqualified({ ...cursor, position: cursor.position - 1 }, name, "the name");
  const parse = { table: parseTable, view: parseView, materializedView: parseMaterializedView }[kind];
  return parse(cursor, { database, name });
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
