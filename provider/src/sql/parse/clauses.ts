import {
  atWords,
  type Cursor,
  fail,
  isAtEnd,
  peek,
  sliceTokens,
  takeName,
  takeOperator,
  takeRest,
  takeString,
  takeWords,
} from "../cursor";
import type { SqlParseError } from "../errors";
import type { QualifiedName, SecuritySpec } from "../spec";

/** What tables and views have in common after their storage, while it is being filled. */
export interface TailDraft {
  comment?: string;
  security?: SecuritySpec;
  query?: string;
}

/** Takes `COMMENT '…'`, if it comes next. */
export function takeComment(cursor: Cursor, draft: TailDraft): boolean {
  if (!atWords(cursor, "COMMENT")) return false;
  if (draft.comment !== undefined)
    throw fail(cursor, "Found a second COMMENT: write one, before AS or behind the query");
  takeWords(cursor, "COMMENT");
  draft.comment = takeString(cursor, "COMMENT");
  return true;
}

/** Takes `DEFINER = …` or `SQL SECURITY …`, if one comes next. */
export function takeSecurity(cursor: Cursor, draft: TailDraft): boolean {
  if (takeWords(cursor, "DEFINER")) {
    takeOperator(cursor, "=");
    const from = cursor.position;
    takeUser(cursor);
    if (takeOperator(cursor, "@")) takeUser(cursor);
    draft.security = { ...draft.security, definer: sliceTokens(cursor, from, cursor.position) };
    return true;
  }
  if (!takeWords(cursor, "SQL", "SECURITY")) return false;
  const value = peek(cursor)?.text.toUpperCase() ?? "";
  if (!["DEFINER", "INVOKER", "NONE"].includes(value)) {
    throw fail(cursor, "Expected DEFINER, INVOKER or NONE after SQL SECURITY");
  }
  cursor.position++;
  draft.security = { ...draft.security, sqlSecurity: value };
  return true;
}

/** Takes the query at the cursor, up to the end of the statement or the COMMENT after it. */
export function takeQuery(cursor: Cursor, draft: TailDraft): void {
  if (!isQueryAhead(cursor)) throw fail(cursor, "Expected a query after AS: SELECT, WITH, FROM or a parenthesis");
  // Only the object's comment can be a string after the word COMMENT: no expression has two values side by side.
  const last = { ...cursor, position: cursor.end - 2 };
  const hasComment = last.position > cursor.position && atWords(last, "COMMENT") && peek(last, 1)?.kind === "string";
  draft.query = takeRest({ ...cursor, end: hasComment ? last.position : cursor.end });
  cursor.position = hasComment ? last.position : cursor.end;
  takeComment(cursor, draft);
}

/** Whether a query begins at the cursor, rather than the name of a table or function. */
export function isQueryAhead(cursor: Cursor): boolean {
  const first = peek(cursor);
  return first?.text === "(" || ["SELECT", "WITH", "FROM"].some((word) => atWords(cursor, word));
}

/** Takes `database.name`. */
export function takeQualifiedName(cursor: Cursor, what: string): QualifiedName {
  const from = cursor.position;
  const database = takeName(cursor, what);
  if (!takeOperator(cursor, ".")) throw failUnqualified({ ...cursor, position: from }, database, `the ${what}`);
  return { database, name: takeName(cursor, what) };
}

/** The error for leftover text. `expected` lists the clauses that could have been here. */
export function failLeftover(cursor: Cursor, expected: string): SqlParseError {
  if (isAtEnd(cursor)) return fail(cursor, `The statement ends too early: expected ${expected}`);
  if (atWords(cursor, "PARALLEL", "WITH")) {
    return fail(cursor, "Found PARALLEL WITH and another statement: declare each object on its own");
  }
  if (atWords(cursor, "INTO") || atWords(cursor, "FORMAT")) {
    return fail(cursor, `Found ${peek(cursor)?.text}: a declaration returns nothing, remove it`);
  }
  return fail(cursor, `Found ${peek(cursor)?.text}: expected ${expected}, or the end`);
}

function takeUser(cursor: Cursor): void {
  if (peek(cursor)?.kind === "string") cursor.position++;
  else takeName(cursor, "user after DEFINER");
}

/** The error for a name without its database. */
export function failUnqualified(cursor: Cursor, name: string, what: string): SqlParseError {
  return fail(
    cursor,
    `Found ${what} ${name} without a database: write database.${name}, no session has a current one here`,
  );
}
