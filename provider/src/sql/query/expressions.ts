import { atWords, type Cursor, createCursor, isWord, peek, splitAtCommas } from "../cursor";
import { SqlParseError } from "../errors";
import { unquoteIdentifier, unquoteString } from "../identifiers";
import type { Token } from "../lexer";
import { type Expression, expressionOf } from "./query";

/** A call of a function: `quantile(0.5)(x)` has parameters and arguments. */
export interface Call {
  readonly name: string;
  readonly parameters: readonly Expression[];
  readonly arguments: readonly Expression[];
  /** Whether `OVER` follows. */
  readonly window: boolean;
  readonly start: number;
  /** Names of the calls around it, innermost first. */
  readonly within: readonly string[];
}

/** A column reference, its parts unquoted: `t.a` is `["t", "a"]`. */
export interface ColumnReference {
  readonly parts: readonly string[];
  readonly start: number;
  /** Names of the calls around it, innermost first. */
  readonly within: readonly string[];
}

/** `left operator right`; the operator in capitals, e.g. `>=` or `NOT LIKE`. */
export interface Comparison {
  readonly left: Expression;
  readonly operator: string;
  readonly right: Expression;
}

/** Words between operands that look like a function before a parenthesis, or like a column. */
const KEYWORDS: ReadonlySet<string> = new Set(
  (
    "AND AS ASC BETWEEN BY CASE COLLATE DESC DISTINCT ELSE END ESCAPE EXISTS FALSE FILTER FIRST FROM GLOBAL " +
    "ILIKE IN INTERVAL IS LAST LIKE NOT NULL NULLS ON OR ORDER OVER PARTITION REGEXP SELECT THEN TRUE USING " +
    "WHEN WHERE XOR INF NAN"
  ).split(" "),
);
const COMPARISONS: ReadonlySet<string> = new Set(["=", "==", "!=", "<>", "<", "<=", ">", ">=", "<=>"]);
/** What ends an operand of a comparison. */
const BOUNDARY =
  /^(?:AND|OR|NOT|XOR|AS|WHEN|THEN|ELSE|CASE|END|IN|IS|I?LIKE|BETWEEN|ON|WHERE|[,?:]|->|==?|!=|<>|[<>]=?|<=>)$/i;

/** A standalone expression, e.g. a sorting key. @returns undefined if its brackets do not match. */
export function parseExpression(text: string): Expression | undefined {
  try {
    return expressionOf(createCursor(text));
  } catch (error) {
    if (error instanceof SqlParseError) return undefined;
    throw error;
  }
}

/** The elements of `(a, b)`, `tuple(a, b)` or `a, b`; `tuple()` has none. */
export function elementsOf(expression: Expression): Expression[] {
  const { cursor } = expression;
  const isTuple = isWord(peek(cursor), "TUPLE");
  const open = isTuple ? cursor.position + 1 : cursor.position;
  const isWhole = cursor.tokens[open]?.text === "(" && cursor.closers.get(open) === cursor.end - 1;
  const inside = isWhole ? { ...cursor, position: open + 1, end: cursor.end - 1 } : cursor;
  return splitAtCommas(inside).map(expressionOf);
}

/** The last name of the column if the expression is just a column. */
export function plainColumn(expression: Expression): string | undefined {
  const [column, ...rest] = columnsIn(expression);
  if (column === undefined || rest.length > 0 || column.within.length > 0) return undefined;
  const tokens = expression.cursor.tokens.slice(expression.cursor.position, expression.cursor.end);
  const isPlain = tokens.every(
    ({ kind, text }) => kind === "word" || kind === "quoted" || text === "." || /^[()]$/.test(text),
  );
  return isPlain ? column.parts.at(-1) : undefined;
}

/** The value of a string literal, if the expression is one. */
export function literalText(expression: Expression): string | undefined {
  const { cursor } = unwrapped(expression);
  const token = cursor.tokens[cursor.position];
  return cursor.end - cursor.position === 1 && token?.kind === "string" ? unquoteString(token.text) : undefined;
}

/** All calls, outer before inner; not those of queries in parentheses. */
export function callsIn(expression: Expression): Call[] {
  const calls: Call[] = [];
  walk(expression, (cursor, index, within) => {
    const call = callAt(cursor, index, within);
    if (call) calls.push(call);
  });
  return calls;
}

/** All names that may be columns; not function names, lambda parameters, or names in subqueries. */
export function columnsIn(expression: Expression): ColumnReference[] {
  const found: ColumnReference[] = [];
  const parameters = lambdaParameters(expression.cursor);
  walk(expression, (cursor, index, within) => {
    const token = cursor.tokens[index];
    const isName = token?.kind === "quoted" || (token?.kind === "word" && !KEYWORDS.has(token.text.toUpperCase()));
    const before = cursor.tokens[index - 1];
    const follows = before?.text === "." || isWord(before, "AS") || isWord(before, "OVER");
    if (
      token === undefined ||
      !isName ||
      cursor.tokens[index + 1]?.text === "(" ||
      (follows && index > cursor.position)
    )
      return;
    const parts = [unquoteIdentifier(token.text)];
    for (let next = index + 1; next + 1 < cursor.end && cursor.tokens[next]?.text === "."; next += 2) {
      const part = cursor.tokens[next + 1];
      if (part?.kind !== "word" && part?.kind !== "quoted") break;
      parts.push(unquoteIdentifier(part.text));
    }
    if (!parameters.has(parts[0] ?? "")) found.push({ parts, start: token.start, within });
  });
  return found;
}

/** All comparisons, `LIKE` among them; not those of queries in parentheses. */
export function comparisonsIn(expression: Expression): Comparison[] {
  const found: Comparison[] = [];
  walk(expression, (cursor, index) => {
    const token = cursor.tokens[index];
    const isLike = isWord(token, "LIKE") || isWord(token, "ILIKE");
    if (token === undefined || !(isLike || (token.kind === "operator" && COMPARISONS.has(token.text)))) return;
    const isNot = isLike && isWord(cursor.tokens[index - 1], "NOT");
    const left = operand(cursor, isNot ? index - 1 : index, -1);
    const right = operand(cursor, index + 1, 1);
    if (left && right) found.push({ left, operator: `${isNot ? "NOT " : ""}${token.text.toUpperCase()}`, right });
  });
  return found;
}

/** Without parentheses around the whole. */
export function unwrapped(expression: Expression): Expression {
  const { cursor } = expression;
  const isWhole = peek(cursor)?.text === "(" && cursor.closers.get(cursor.position) === cursor.end - 1;
  if (!isWhole || cursor.end - cursor.position < 3) return expression;
  const inside = { ...cursor, position: cursor.position + 1, end: cursor.end - 1 };
  return splitAtCommas(inside).length === 1 ? unwrapped(expressionOf(inside)) : expression;
}

/** Visits every token except those of queries in parentheses, with the names of the calls around it. */
function walk(expression: Expression, visit: (cursor: Cursor, index: number, within: readonly string[]) => void): void {
  const go = (cursor: Cursor, within: readonly string[]): void => {
    for (let index = cursor.position; index < cursor.end; index++) {
      visit(cursor, index, within);
      const close = cursor.closers.get(index);
      if (close === undefined) continue;
      const inside = { ...cursor, position: index + 1, end: close };
      if (!atWords(inside, "SELECT") && !atWords(inside, "WITH")) {
        const name = functionName(cursor, index);
        go(inside, name === undefined ? within : [name, ...within]);
      }
      index = close;
    }
  };
  go(expression.cursor, []);
}

/** The function whose parenthesis opens at `open`: its first one, or its second if it has parameters. */
function functionName(cursor: Cursor, open: number): string | undefined {
  if (cursor.tokens[open]?.text !== "(" || open === cursor.position) return undefined;
  let index = open - 1;
  if (cursor.tokens[index]?.text === ")") {
    while (index >= cursor.position && cursor.closers.get(index) !== open - 1) index--;
    index--;
  }
  const token = cursor.tokens[index];
  return index >= cursor.position && isFunction(token) ? unquoteIdentifier(token?.text ?? "") : undefined;
}

function isFunction(token: Token | undefined): boolean {
  return token?.kind === "word" && !KEYWORDS.has(token.text.toUpperCase());
}

function callAt(cursor: Cursor, index: number, within: readonly string[]): Call | undefined {
  const token = cursor.tokens[index];
  const close = cursor.closers.get(index + 1);
  if (token === undefined || !isFunction(token) || cursor.tokens[index + 1]?.text !== "(" || close === undefined)
    return undefined;
  const parts = (open: number, end: number): Expression[] =>
    splitAtCommas({ ...cursor, position: open + 1, end }).map(expressionOf);
  const second = cursor.tokens[close + 1]?.text === "(" ? cursor.closers.get(close + 1) : undefined;
  const first = parts(index + 1, close);
  return {
    name: token.text,
    parameters: second === undefined ? [] : first,
    arguments: second === undefined ? first : parts(close + 1, second),
    window: isWord(cursor.tokens[(second ?? close) + 1], "OVER"),
    start: token.start,
    within,
  };
}

/** `x -> …` and `(x, y) -> …`, anywhere in the run. */
function lambdaParameters(cursor: Cursor): ReadonlySet<string> {
  const names = new Set<string>();
  for (let index = cursor.position; index < cursor.end; index++) {
    if (cursor.tokens[index]?.text !== "->") continue;
    for (let at = index - 1; at >= cursor.position; at--) {
      const token = cursor.tokens[at];
      if (token?.kind === "word" || token?.kind === "quoted") names.add(unquoteIdentifier(token.text));
      if (cursor.tokens[index - 1]?.text !== ")" || token?.text === "(") break;
    }
  }
  return names;
}

/** The operand that begins at `from` and goes forward or, for -1, ends before it and goes backward. */
function operand(cursor: Cursor, from: number, direction: 1 | -1): Expression | undefined {
  const openers = direction === 1 ? undefined : new Map([...cursor.closers].map(([open, close]) => [close, open]));
  let at = direction === 1 ? from : from - 1;
  const isInside = (): boolean => at >= cursor.position && at < cursor.end;
  for (; isInside(); at += direction) {
    const token = cursor.tokens[at];
    if (token !== undefined && token.kind !== "quoted" && token.kind !== "string" && BOUNDARY.test(token.text)) break;
    at = (direction === 1 ? cursor.closers.get(at) : openers?.get(at)) ?? at;
  }
  const [position, end] =
    direction === 1 ? [from, Math.min(at, cursor.end)] : [Math.max(at + 1, cursor.position), from];
  return end > position ? expressionOf({ ...cursor, position, end }) : undefined;
}
