import { qualifiedName } from "../identifiers";
import { nextToken } from "../lexer";
import type { TableSpec } from "../spec";
import { renderComment, renderQuery } from "./clauses";
import { renderElements } from "./columns";
import { renderStorage } from "./storage";

/** `CREATE TABLE` in the engine's layout. */
export function renderTable(table: TableSpec): string {
  const { as, targets } = table;
  const isQuery = as !== undefined && startsQuery(as.text);
  // A table or table function comes before the storage, a query after everything.
  const source = as && !isQuery ? ` ${as.clone ? "CLONE " : ""}AS ${as.text}` : "";
  return [
    `CREATE TABLE ${qualifiedName(table)}`,
    renderElements(table),
    source,
    renderStorage(table.storage),
    targets === undefined ? "" : `\n${targets}`,
    isQuery && as.empty ? " EMPTY" : "",
    renderComment(table.comment),
    isQuery ? renderQuery(as.text) : "",
  ].join("");
}

/** Whether the text after AS is a query, rather than a table or table function. */
function startsQuery(text: string): boolean {
  let token = nextToken(text, 0);
  while (token?.kind === "comment") token = nextToken(text, token.end, token);
  return token !== undefined && ["(", "SELECT", "WITH", "FROM"].includes(token.text.toUpperCase());
}
