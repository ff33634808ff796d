import { atWords, type Cursor, createCursor, isAtEnd, isWord, peek, skipElement } from "../cursor";

/**
 * The order in which a query's set operations are evaluated, those of its subqueries included, as a string that is equal for equal
 * orders: redundant parentheses do not count. Empty if there is neither `EXCEPT` nor `INTERSECT`; only with them does it matter.
 */
export function orderOfSets(query: string): string {
  const order = takeUnion(createCursor(query));
  return /[EI]/.test(order) ? order : "";
}

/** UNION and EXCEPT are evaluated from left to right, after INTERSECT. */
function takeUnion(cursor: Cursor): string {
  let left = takeIntersection(cursor);
  for (
    let operator = takeOperation(cursor, "UNION", "EXCEPT");
    operator !== "";
    operator = takeOperation(cursor, "UNION", "EXCEPT")
  )
    left = joined(left, operator, takeIntersection(cursor));
  return left;
}

function takeIntersection(cursor: Cursor): string {
  let left = takeOperand(cursor);
  while (takeOperation(cursor, "INTERSECT") !== "") left = joined(left, "I", takeOperand(cursor));
  return left;
}

/** Unions of unions are one union. */
function joined(left: string, operator: string, right: string): string {
  const plain = (side: string): string => (operator === "U" && /^U\(.*\)$/.test(side) ? side.slice(2, -1) : side);
  return `${operator}(${plain(left)},${plain(right)})`;
}

/** A query in parentheses, or a SELECT with the set operations of its subqueries. */
function takeOperand(cursor: Cursor): string {
  if (opensQuery(cursor)) return takeInside(cursor);
  const within: string[] = [];
  while (!isAtEnd(cursor) && !atOperation(cursor)) {
    if (cursor.closers.get(cursor.position) === undefined) cursor.position++;
    else within.push(...(opensQuery(cursor) ? [takeInside(cursor)] : takeGroups(cursor)));
  }
  return `S${within.filter((one) => /[UEI]/.test(one)).join("")}`;
}

/** Queries anywhere inside parentheses that are not themselves a query. */
function takeGroups(cursor: Cursor): string[] {
  const close = cursor.closers.get(cursor.position) ?? cursor.position;
  const inside = { ...cursor, position: cursor.position + 1, end: close };
  const found: string[] = [];
  while (!isAtEnd(inside)) {
    if (inside.closers.get(inside.position) === undefined) inside.position++;
    else found.push(...(opensQuery(inside) ? [takeInside(inside)] : takeGroups(inside)));
  }
  cursor.position = close + 1;
  return found;
}

function takeInside(cursor: Cursor): string {
  const close = cursor.closers.get(cursor.position) ?? cursor.position;
  const order = takeUnion({ ...cursor, position: cursor.position + 1, end: close });
  skipElement(cursor);
  return order;
}

function opensQuery(cursor: Cursor): boolean {
  let ahead = 0;
  while (peek(cursor, ahead)?.text === "(") ahead++;
  return ahead > 0 && ["SELECT", "WITH", "FROM"].some((word) => isWord(peek(cursor, ahead), word));
}

/** `* EXCEPT (a)` removes columns. */
function atOperation(cursor: Cursor): boolean {
  if (!["UNION", "EXCEPT", "INTERSECT"].some((word) => atWords(cursor, word))) return false;
  const next = { ...cursor, position: cursor.position + 1 };
  if (atWords(next, "ALL") || atWords(next, "DISTINCT")) next.position++;
  return opensQuery(next) || ["SELECT", "WITH", "FROM"].some((word) => atWords(next, word));
}

function takeOperation(cursor: Cursor, ...words: readonly string[]): string {
  const word = words.find((one) => atWords(cursor, one));
  if (word === undefined || !atOperation(cursor)) return "";
  cursor.position++;
  if (atWords(cursor, "ALL") || atWords(cursor, "DISTINCT")) cursor.position++;
  return word.charAt(0);
}
