import {
  atWords,
  type Cursor,
  createCursor,
  fail,
  isAtEnd,
  isWord,
  peek,
  skipElement,
  sliceTokens,
  splitAtCommas,
  takeGroup,
  takeName,
  takeOperator,
  takeWords,
} from "../cursor";
import { SqlParseError } from "../errors";
import { takeExpression } from "../expressions";
import { takeSources } from "./sources";

/**
 * What a query says, as far as a reader of schemas needs it: clauses and names, not their meaning. Expressions stay text, as
 * {@link Expression}.
 */
export interface Query {
  /** One for a plain SELECT, several for `UNION`, `INTERSECT` and `EXCEPT`, nested ones in parentheses flattened. */
  readonly selects: readonly Select[];
}

export interface Select {
  readonly with: readonly WithItem[];
  readonly distinct: boolean;
  readonly items: readonly SelectItem[];
  /** The table read first, then those joined to it. Empty without FROM. */
  readonly from: readonly Source[];
  readonly arrayJoin: readonly Expression[];
  readonly prewhere?: Expression;
  readonly where?: Expression;
  readonly groupBy?: GroupBy;
  readonly having?: Expression;
  /** `LIMIT`, `LIMIT … BY`, `OFFSET` and `FETCH`, in the order of the text. */
  readonly limits: readonly Limit[];
  /** Where `SELECT` is in the text. */
  readonly start: number;
}

/** A part of a query's text. */
export interface Expression {
  readonly text: string;
  /** Offset in the text given to {@link parseQuery}. */
  readonly start: number;
  /** The tokens, for the functions of `expressions.ts`. */
  readonly cursor: Cursor;
}

export interface SelectItem {
  readonly expression: Expression;
  readonly alias?: string;
  /** What the engine calls the output; undefined if the text does not say (`*`, an expression without alias). */
  readonly name?: string;
}

/** `WITH name AS (query)` has a query, `WITH expression AS name` an expression. */
export interface WithItem {
  readonly name: string;
  readonly query?: Query;
  readonly expression?: Expression;
}

export interface Limit {
  /** In capitals: `LIMIT`, `OFFSET` or `FETCH`. */
  readonly word: string;
  /** What `LIMIT … BY` counts separately; absent without BY. */
  readonly by?: readonly Expression[];
  readonly start: number;
}

export interface GroupBy {
  readonly all: boolean;
  readonly expressions: readonly Expression[];
}

export interface Source {
  /** Absent for the first one; in capitals, e.g. `ANY LEFT JOIN`, or `,`. */
  readonly join?: string;
  /** Set for a table. `database` is absent for an unqualified name: in canonical text, a common table expression. */
  readonly table?: { readonly database?: string; readonly name: string };
  /** Set for a query in parentheses. */
  readonly query?: Query;
  /** Name of a table function. */
  readonly function?: string;
  readonly alias?: string;
  readonly final: boolean;
  readonly start: number;
}

const CLAUSES = [
  "FROM",
  "PREWHERE",
  "WHERE",
  "GROUP",
  "HAVING",
  "WINDOW",
  "QUALIFY",
  "ORDER",
  "LIMIT",
  "OFFSET",
  "FETCH",
  "SETTINGS",
  "FORMAT",
  "UNION",
  "INTERSECT",
  "EXCEPT",
  "ARRAY",
  "INTO",
];
/** Clauses that are recognised only with a second word. */
const SECOND_WORD: Readonly<Record<string, readonly string[]>> = {
  GROUP: ["BY"],
  ORDER: ["BY"],
  ARRAY: ["JOIN"],
};
const LONGEST_CLAUSE = /^(?:WINDOW|QUALIFY|ORDER|LIMIT|OFFSET|FETCH|SETTINGS|FORMAT|INTO)$/;

/**
 * Reads a query, best in canonical form.
 *
 * @returns undefined for what it cannot parse; a caller who needs an answer uses the engine.
 */
export function parseQuery(text: string): Query | undefined {
  try {
    const cursor = createCursor(text);
    const query = takeQuery(cursor);
    return isAtEnd(cursor) ? query : undefined;
  } catch (error) {
    if (error instanceof SqlParseError) return undefined;
    throw error;
  }
}

/** Takes a query up to the end of the run. */
export function takeQuery(cursor: Cursor): Query {
  const selects: Select[] = [];
  do {
    if (peek(cursor)?.text === "(") selects.push(...takeQuery(takeGroup(cursor, "the query")).selects);
    else selects.push(takeSelect(cursor));
  } while (takeSetOperator(cursor));
  // Queries in parentheses may still be followed by ORDER BY, LIMIT or SETTINGS of the whole.
  takeTail(cursor);
  if (!isAtEnd(cursor)) throw fail(cursor, "Expected the end of the query");
  return { selects };
}

/** Whether a clause of a SELECT begins at the cursor; called only after an operand. */
export function atClause(cursor: Cursor): boolean {
  if (isWord(cursor.tokens[cursor.position - 1], "AS")) return false;
  const word = peek(cursor);
  if (word?.kind !== "word") return false;
  const upper = word.text.toUpperCase();
  // `* EXCEPT (a)` removes columns, `EXCEPT SELECT` rows.
  if (upper === "EXCEPT") return isSetOperator(cursor);
  if (upper === "LEFT") return atWords(cursor, "LEFT", "ARRAY", "JOIN");
  const second = SECOND_WORD[upper];
  return CLAUSES.includes(upper) && (second === undefined || second.some((next) => isWord(peek(cursor, 1), next)));
}

/** Takes an expression up to `isStop`. */
export function takeText(cursor: Cursor, after: string, isStop: (cursor: Cursor) => boolean): Expression {
  const from = cursor.position;
  takeExpression(cursor, after, isStop);
  return expressionOf({ ...cursor, position: from, end: cursor.position });
}

/** The whole run as an expression. */
export function expressionOf(cursor: Cursor): Expression {
  return {
    text: sliceTokens(cursor, cursor.position, cursor.end),
    start: cursor.tokens[cursor.position]?.start ?? 0,
    cursor,
  };
}

function takeSelect(cursor: Cursor): Select {
  const withItems = takeWith(cursor);
  const start = peek(cursor)?.start ?? 0;
  if (!takeWords(cursor, "SELECT")) throw fail(cursor, "Expected SELECT");
  const distinct = takeWords(cursor, "DISTINCT");
  if (distinct && takeWords(cursor, "ON")) takeGroup(cursor, "DISTINCT ON");
  const items = splitAtCommas(takeText(cursor, "SELECT", atClause).cursor).map(readItem);
  const sources = takeWords(cursor, "FROM") ? takeSources(cursor) : { from: [], arrayJoin: takeArrayJoin(cursor) };
  const prewhere = takeCondition(cursor, "PREWHERE");
  const where = takeCondition(cursor, "WHERE");
  const groupBy = takeGroupBy(cursor);
  const having = takeCondition(cursor, "HAVING");
  const limits = takeTail(cursor);
  return {
    with: withItems,
    distinct,
    items,
    ...sources,
    ...(prewhere && { prewhere }),
    ...(where && { where }),
    ...(groupBy && { groupBy }),
    ...(having && { having }),
    limits,
    start,
  };
}

function takeWith(cursor: Cursor): WithItem[] {
  if (!takeWords(cursor, "WITH")) return [];
  takeWords(cursor, "RECURSIVE");
  const isEnd = (at: Cursor): boolean => atWords(at, "SELECT") && !isWord(at.tokens[at.position - 1], "AS");
  return splitAtCommas(takeText(cursor, "WITH", isEnd).cursor).map((part) => {
    const last = { ...part, position: part.end - 1 };
    if (isWord(part.tokens[part.position + 1], "AS") && part.tokens[part.position + 2]?.text === "(") {
      const inside = takeGroup({ ...part, position: part.position + 2 }, "AS");
      if (atWords(inside, "SELECT") || atWords(inside, "WITH") || peek(inside)?.text === "(")
        return { name: takeName({ ...part }, "name"), query: takeQuery(inside) };
    }
    if (!isWord(part.tokens[part.end - 2], "AS")) throw fail(last, "Expected AS and a name");
    return { name: takeName(last, "name"), expression: expressionOf({ ...part, end: part.end - 2 }) };
  });
}

function readItem(part: Cursor): SelectItem {
  const last = part.tokens[part.end - 1];
  if (isWord(part.tokens[part.end - 2], "AS") && part.end - 2 > part.position && last) {
    const alias = takeName({ ...part, position: part.end - 1 }, "alias");
    return { expression: expressionOf({ ...part, end: part.end - 2 }), alias, name: alias };
  }
  const expression = expressionOf(part);
  const isColumn = /^(?:[\w$]+|`(?:[^`\\]|\\.)+`)(?:\.(?:[A-Za-z_$][\w$]*|`(?:[^`\\]|\\.)+`))*$/.test(expression.text);
  if (!isColumn || last === undefined || last.kind === "number" || last.kind === "string") return { expression };
  return { expression, name: takeName({ ...part, position: part.end - 1 }, "column") };
}

function takeArrayJoin(cursor: Cursor): Expression[] {
  if (!takeWords(cursor, "LEFT", "ARRAY", "JOIN") && !takeWords(cursor, "ARRAY", "JOIN")) return [];
  return splitAtCommas(takeText(cursor, "ARRAY JOIN", atClause).cursor).map(expressionOf);
}

function takeCondition(cursor: Cursor, keyword: string): Expression | undefined {
  return takeWords(cursor, keyword) ? takeText(cursor, keyword, atClause) : undefined;
}

function takeGroupBy(cursor: Cursor): GroupBy | undefined {
  if (!takeWords(cursor, "GROUP", "BY")) return undefined;
  if (takeWords(cursor, "ALL")) return { all: true, expressions: [] };
  if (takeWords(cursor, "GROUPING", "SETS")) {
    const sets = splitAtCommas(takeGroup(cursor, "GROUPING SETS"));
    return { all: false, expressions: sets.flatMap((set) => inBrackets(set).map(expressionOf)) };
  }
  const atEnd = (at: Cursor): boolean => atClause(at) || atWords(at, "WITH");
  const list = takeText(cursor, "GROUP BY", atEnd).cursor;
  if (takeWords(cursor, "WITH")) cursor.position++;
  return { all: false, expressions: splitAtCommas(list).map(expressionOf) };
}

function inBrackets(cursor: Cursor): Cursor[] {
  return peek(cursor)?.text === "(" ? splitAtCommas(takeGroup({ ...cursor }, "GROUPING SETS")) : [cursor];
}

/** Takes the limits, and skips clauses that say nothing about rows or columns: ORDER BY, WINDOW, SETTINGS … */
function takeTail(cursor: Cursor): Limit[] {
  const limits: Limit[] = [];
  const first = peek(cursor);
  if (first === undefined || !LONGEST_CLAUSE.test(first.text.toUpperCase())) return limits;
  while (!isAtEnd(cursor) && !isSetOperator(cursor)) {
    const token = peek(cursor);
    const word = token?.kind === "word" ? token.text.toUpperCase() : "";
    skipElement(cursor);
    if (token === undefined || !/^(?:LIMIT|OFFSET|FETCH)$/.test(word)) continue;
    takeExpression(cursor, word, (at) => atClause(at) || atWords(at, "BY") || atWords(at, "WITH"));
    const by = takeWords(cursor, "BY") ? splitAtCommas(takeText(cursor, "BY", atClause).cursor) : undefined;
    limits.push({ word, start: token.start, ...(by && { by: by.map(expressionOf) }) });
  }
  return limits;
}

function isSetOperator(cursor: Cursor): boolean {
  if (!["UNION", "INTERSECT", "EXCEPT"].some((word) => atWords(cursor, word))) return false;
  const next = { ...cursor, position: cursor.position + 1 };
  if (atWords(next, "ALL") || atWords(next, "DISTINCT")) next.position++;
  if (peek(next)?.text === "(") takeOperator(next, "(") || next.position++;
  while (peek(next)?.text === "(") next.position++;
  return ["SELECT", "WITH", "FROM"].some((word) => atWords(next, word));
}

function takeSetOperator(cursor: Cursor): boolean {
  if (!isSetOperator(cursor)) return false;
  cursor.position++;
  if (!takeWords(cursor, "ALL")) takeWords(cursor, "DISTINCT");
  return true;
}
