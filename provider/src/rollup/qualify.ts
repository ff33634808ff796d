import { backtick, unquoteIdentifier } from "../sql/identifiers";
import { lex, type Token } from "../sql/lexer";

/** Alias of the table that a generated query reads; unlikely to be a column's name. */
export const ALIAS = "_source";

/** Names that may be columns in an expression: words and quoted names that are not functions, parts of a name, or units of time. */
export function columnsIn(expression: string): string[] {
  return columnTokens(lex(expression)).map((token) => unquoteIdentifier(token.text));
}

/**
 * The expression with each of these names replaced. A name to which the query gives another meaning would otherwise mean that: in
 * `SELECT lower(Host) AS Host … WHERE Host = 'A'` the condition applies to the new one.
 */
export function replaceColumns(expression: string, replacement: (name: string) => string | undefined): string {
  let text = "";
  let from = 0;
  for (const token of columnTokens(lex(expression))) {
    const replaced = replacement(unquoteIdentifier(token.text));
    if (replaced === undefined) continue;
    text += expression.slice(from, token.start) + replaced;
    from = token.end;
  }
  return text + expression.slice(from);
}

/** `_source.Value`. */
export function ofSource(name: string): string {
  return `${ALIAS}.${backtick(name)}`;
}

function columnTokens(all: readonly Token[]): Token[] {
  const tokens = all.filter((token) => token.kind !== "comment");
  return tokens.filter((token, index) => {
    if (token.kind !== "quoted" && token.kind !== "word") return false;
    const [before, next] = [tokens[index - 1], tokens[index + 1]];
    if (next?.text === "(" || before?.text === ".") return false;
    // INTERVAL 1 hour
    return !(before?.kind === "number" && tokens[index - 2]?.text.toUpperCase() === "INTERVAL");
  });
}
