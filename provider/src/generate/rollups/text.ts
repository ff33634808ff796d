import { splitArguments } from "../../sql/fragments";
import { unquoteIdentifier } from "../../sql/identifiers";
import { lex } from "../../sql/lexer";
import { parseExpression, plainColumn } from "../../sql/query";
import type { TableSpec } from "../../sql/spec";

/** The tokens of an expression without parentheses and quotes around names, which the engine sets in its own way. */
export function bare(text: string): string {
  return lex(text)
    .filter(({ kind, text: word }) => kind !== "comment" && word !== "(" && word !== ")")
    .map(({ kind, text: word }) => (kind === "quoted" ? unquoteIdentifier(word) : word))
    .join(" ");
}

/** Whether two expressions are the same apart from spelling. Says yes too often if parentheses matter: the engine has the last word. */
export function looksLike(a: string, b: string): boolean {
  return bare(a) === bare(b);
}

/** The column, if the text is just a column. */
export function columnOf(text: string): string | undefined {
  const expression = parseExpression(text);
  return expression && plainColumn(expression);
}

/** Names of the columns by which a table is sorted; undefined if it is sorted by expressions. */
export function sortingKey({ storage }: TableSpec): string[] | undefined {
  const text = storage.orderBy ?? "";
  const inner = text.startsWith("(") && text.endsWith(")") ? text.slice(1, -1) : text;
  const names = splitArguments(inner).map(columnOf);
  return names.includes(undefined) ? undefined : names.flatMap((name) => name ?? []);
}
