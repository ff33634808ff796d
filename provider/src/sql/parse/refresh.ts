import { atWords, type Cursor, fail, peek, sliceTokens, takeName, takeOperator, takeWords } from "../cursor";
import { takeSettings } from "./storage";

/** Takes what follows `REFRESH`, in the order of the engine's grammar, and returns it verbatim. */
export function takeRefresh(cursor: Cursor): string {
  const from = cursor.position;
  if (!takeWords(cursor, "EVERY") && !takeWords(cursor, "AFTER")) {
    throw fail(cursor, "Expected EVERY or AFTER behind REFRESH, e.g. REFRESH EVERY 10 MINUTE");
  }
  takeInterval(cursor, "REFRESH EVERY");
  if (takeWords(cursor, "OFFSET")) takeInterval(cursor, "OFFSET");
  if (takeWords(cursor, "RANDOMIZE", "FOR")) takeInterval(cursor, "RANDOMIZE FOR");
  if (takeWords(cursor, "DEPENDS", "ON")) {
    do takeDependency(cursor);
    while (takeOperator(cursor, ","));
  }
  if (takeWords(cursor, "SETTINGS")) takeSettings(cursor);
  takeWords(cursor, "APPEND");
  return sliceTokens(cursor, from, cursor.position);
}

/** `1 DAY 2 HOUR`. */
function takeInterval(cursor: Cursor, after: string): void {
  if (peek(cursor)?.kind !== "number") throw fail(cursor, `Expected an interval after ${after}, e.g. 10 MINUTE`);
  while (peek(cursor)?.kind === "number") {
    cursor.position++;
    if (peek(cursor)?.kind !== "word" || atWords(cursor, "TO")) {
      throw fail(cursor, `Expected a unit after the number in ${after}, e.g. MINUTE`);
    }
    cursor.position++;
  }
}

function takeDependency(cursor: Cursor): void {
  takeName(cursor, "view after DEPENDS ON");
  if (takeOperator(cursor, ".")) takeName(cursor, "view after DEPENDS ON");
}
