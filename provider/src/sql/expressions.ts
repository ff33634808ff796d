import { type Cursor, fail, isAtEnd, isWord, peek, skipElement, sliceTokens } from "./cursor";
import { endsOperand } from "./lexer";

/** Words between two operands: a value follows, so the next word is not a clause keyword. */
const INFIX: ReadonlySet<string> = new Set([
  "AND",
  "BETWEEN",
  "BY",
  "DIV",
  "ELSE",
  "ESCAPE",
  "FROM",
  "GLOBAL",
  "ILIKE",
  "IN",
  "IS",
  "LIKE",
  "MOD",
  "NOT",
  "OR",
  "REGEXP",
  "SET",
  "THEN",
  "WHEN",
  "WHERE",
  "XOR",
]);

const INTERVAL_UNIT = /^(?:NANO|MICRO|MILLI)?SECONDS?$|^(?:MINUTE|HOUR|DAY|WEEK|MONTH|QUARTER|YEAR)S?$/i;

/**
 * Takes an expression (or a list of them) up to the first clause keyword.
 *
 * The engine prints columns named `ttl` or `settings` bare, so a keyword only counts where no value is expected: after an
 * operand. Thus `ORDER BY ttl TTL ttl + 1` is split correctly without parsing expressions.
 *
 * @param after the preceding keyword, for the message.
 * @param isStop whether a clause begins at the cursor; called only after an operand.
 * @returns the text, verbatim.
 */
export function takeExpression(cursor: Cursor, after: string, isStop: (cursor: Cursor) => boolean): string {
  const from = cursor.position;
  let wantsOperand = true;
  while (!isAtEnd(cursor) && (wantsOperand || !isStop(cursor))) {
    wantsOperand = wantsOperand ? !takesOperand(cursor) : continuesExpression(cursor);
    skipElement(cursor);
  }
  if (cursor.position === from) throw fail(cursor, `Expected an expression after ${after}`);
  return sliceTokens(cursor, from, cursor.position);
}

/** Where a value is expected: whether the element at the cursor is one, not a prefix of one. */
function takesOperand(cursor: Cursor): boolean {
  const token = peek(cursor);
  if (token === undefined || token.kind === "operator") return token?.text === "*";
  if (token.kind !== "word") return true;
  const next = peek(cursor, 1);
  switch (token.text.toUpperCase()) {
    case "NOT":
      return next === undefined;
    case "INTERVAL":
      return !(
        next &&
        (["number", "string", "open"].includes(next.kind) || INTERVAL_UNIT.test(peek(cursor, 2)?.text ?? ""))
      );
    case "CASE":
      return !hasWordAhead(cursor, "END");
    case "WHEN":
      return !isWord(cursor.tokens[cursor.position - 1], "CASE");
    default:
      return true;
  }
}

/** After a value: whether the element at the cursor needs another one. */
function continuesExpression(cursor: Cursor): boolean {
  const token = peek(cursor);
  if (token === undefined || token.kind === "open") return false;
  if (token.kind === "operator") return true;
  return token.kind === "word" ? INFIX.has(token.text.toUpperCase()) : !endsOperand(token);
}

function hasWordAhead(cursor: Cursor, word: string): boolean {
  const walker = { ...cursor };
  while (!isAtEnd(walker)) {
    if (isWord(peek(walker), word)) return true;
    skipElement(walker);
  }
  return false;
}
