import {
  atWords,
  type Cursor,
  isAtEnd,
  peek,
  skipElement,
  splitAtCommas,
  takeGroup,
  takeName,
  takeOperator,
  takeWords,
} from "../cursor";
import { atClause, type Expression, expressionOf, type Source, takeQuery, takeText } from "./query";

const JOIN_WORDS = /^(?:GLOBAL|LOCAL|ANY|ALL|ASOF|SEMI|ANTI|INNER|LEFT|RIGHT|FULL|OUTER|CROSS|PASTE|NATURAL)$/i;

/** Takes what follows FROM: tables, joins, ARRAY JOIN. */
export function takeSources(cursor: Cursor): { from: Source[]; arrayJoin: Expression[] } {
  const from = takeSource(cursor, undefined);
  const arrayJoin: Expression[] = [];
  while (!isAtEnd(cursor)) {
    if (takeWords(cursor, "LEFT", "ARRAY", "JOIN") || takeWords(cursor, "ARRAY", "JOIN")) {
      const list = takeText(cursor, "ARRAY JOIN", isStopInList);
      arrayJoin.push(...splitAtCommas(list.cursor).map(expressionOf));
      continue;
    }
    const join = joinAt(cursor);
    if (join === undefined) break;
    cursor.position += join.length;
    from.push(...takeSource(cursor, join.text));
    takeJoinCondition(cursor);
  }
  return { from, arrayJoin };
}

function takeSource(cursor: Cursor, join: string | undefined): Source[] {
  const start = peek(cursor)?.start ?? 0;
  const head = { ...(join !== undefined && { join }), start };
  if (peek(cursor)?.text === "(") {
    const inside = takeGroup(cursor, "FROM");
    const isQuery = ["SELECT", "WITH"].some((word) => atWords(inside, word)) || peek(inside)?.text === "(";
    if (!isQuery) {
      const [first, ...rest] = takeSources(inside).from;
      return first === undefined ? [] : [{ ...first, ...head }, ...rest];
    }
    const query = takeQuery(inside);
    return [{ ...head, query, ...takeModifiers(cursor) }];
  }
  const first = takeName(cursor, "table");
  if (peek(cursor)?.text === "(") {
    skipElement(cursor);
    return [{ ...head, function: first, ...takeModifiers(cursor) }];
  }
  const table = takeOperator(cursor, ".") ? { database: first, name: takeName(cursor, "table") } : { name: first };
  return [{ ...head, table, ...takeModifiers(cursor) }];
}

function takeModifiers(cursor: Cursor): { alias?: string; final: boolean } {
  const alias = takeWords(cursor, "AS") ? takeName(cursor, "alias") : undefined;
  if (alias !== undefined && peek(cursor)?.text === "(") skipElement(cursor);
  const final = takeWords(cursor, "FINAL");
  if (takeWords(cursor, "SAMPLE")) takeText(cursor, "SAMPLE", (at) => atClause(at) || joinAt(at) !== undefined);
  if (takeWords(cursor, "OFFSET")) takeText(cursor, "OFFSET", (at) => atClause(at) || joinAt(at) !== undefined);
  return { ...(alias !== undefined && { alias }), final };
}

/** The words of a join at the cursor; a comma counts as one. */
function joinAt(cursor: Cursor): { text: string; length: number } | undefined {
  if (peek(cursor)?.text === ",") return { text: ",", length: 1 };
  const words: string[] = [];
  for (let token = peek(cursor); token?.kind === "word"; token = peek(cursor, words.length)) {
    words.push(token.text.toUpperCase());
    if (words.at(-1) === "JOIN") {
      const isArray = words.at(-2) === "ARRAY";
      return isArray ? undefined : { text: words.join(" "), length: words.length };
    }
    if (!JOIN_WORDS.test(token.text)) return undefined;
  }
  return undefined;
}

function takeJoinCondition(cursor: Cursor): void {
  if (takeWords(cursor, "ON")) takeText(cursor, "ON", isStopInList);
  else if (takeWords(cursor, "USING")) takeText(cursor, "USING", isStopInList);
}

/** What ends a list; a comma continues it. */
function isStopInList(cursor: Cursor): boolean {
  return atClause(cursor) || (peek(cursor)?.text !== "," && joinAt(cursor) !== undefined);
}
