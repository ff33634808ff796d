import { quoteIdentifier, quoteString } from "../identifiers";
import { lex } from "../lexer";
import type { SecuritySpec } from "../spec";
import { joinParts } from "./columns";

/** Syntax that differs on older servers. */
export interface Words {
  /** A view's COMMENT comes before AS; otherwise after the query, which is in parentheses. */
  readonly commentBeforeQuery: boolean;
}

/** The syntax of the embedded engine. */
export const NEWEST: Words = { commentBeforeQuery: true };

/** The line with `COMMENT`. */
export function renderComment(comment: string | undefined): string {
  return comment === undefined ? "" : `\nCOMMENT ${quoteString(comment)}`;
}

/** The line with `DEFINER` and `SQL SECURITY`. */
export function renderSecurity(security: SecuritySpec | undefined): string {
  const text = joinParts([
    security?.definer !== undefined && `DEFINER = ${renderUser(security.definer)}`,
    security?.sqlSecurity !== undefined && `SQL SECURITY ${security.sqlSecurity}`,
  ]);
  return text === "" ? "" : `\n${text}`;
}

/** The lines with a view's comment and query. */
export function renderBody({ comment, query }: { comment?: string; query: string }, words: Words): string {
  if (comment === undefined || words.commentBeforeQuery) return renderComment(comment) + renderQuery(query);
  return renderQuery(isInParentheses(query) ? query : `(${query})`) + renderComment(comment);
}

/** As such a server prints it. */
function isInParentheses(query: string): boolean {
  let depth = 0;
  const depths = lex(query)
    .filter(({ kind }) => kind !== "comment")
    .map(({ kind }) => (depth += kind === "open" ? 1 : kind === "close" ? -1 : 0));
  return depths.at(-1) === 0 && depths.slice(0, -1).every((one) => one > 0);
}

/** The line, or lines, with the query. */
export function renderQuery(query: string): string {
  return `\nAS ${query}`;
}

/** A user as SQL text stays unchanged (`svc`, `svc@'host'`); a name that is not valid SQL, like `svc-views`, is quoted. */
function renderUser(definer: string): string {
  const [name, at, host, ...rest] = lex(definer);
  const isName = name !== undefined && ["word", "quoted", "string"].includes(name.kind);
  const isUser = isName && rest.length === 0 && (at === undefined || (at.text === "@" && host !== undefined));
  return isUser ? definer : quoteIdentifier(definer);
}
