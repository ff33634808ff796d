import { atWords, type Cursor, createCursor, isAtEnd, isWord, peek, skipElement } from "../cursor";

/**
 * In which order the set operations of a query are done, its subqueries included, as a text that is the same for the same order:
 * brackets that change nothing do not count. Empty where there are neither `EXCEPT` nor `INTERSECT`, which alone make it matter.
 */
export function orderOfSets(query: string): string {
  const order = takeUnion(createCursor(query));
  return /[EI]/.test(order) ? order : "";
}

/** UNION and EXCEPT are done from left to right, after INTERSECT. */
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

/** Unions of unions are one. */
function joined(left: string, operator: string, right: string): string {
  const plain = (side: string): string => (operator === "U" && /^U\(.*\)$/.test(side) ? side.slice(2, -1) : side);
  return `${operator}(${plain(left)},${plain(right)})`;
}

/** A query in brackets, or a SELECT with what its subqueries do. */
function takeOperand(cursor: Cursor): string {
  if (opensQuery(cursor)) return takeInside(cursor);
  const within: string[] = [];
  while (!isAtEnd(cursor) && !atOperation(cursor)) {
    if (cursor.closers.get(cursor.position) === undefined) cursor.position++;
    else within.push(...(opensQuery(cursor) ? [takeInside(cursor)] : takeGroups(cursor)));
  }
  return `S${within.filter((one) => /[UEI]/.test(one)).join("")}`;
}

/** Queries anywhere in brackets that are none themselves. */
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

/** `* EXCEPT (a)` takes columns away. */
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
