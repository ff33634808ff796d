import {
  type Cursor,
  fail,
  isAtEnd,
  peek,
  splitAtCommas,
  takeGroup,
  takeName,
  takeOperator,
  takeRest,
  takeWords,
} from "../cursor";
import type { QualifiedName, SqlFunctionSpec } from "../spec";
import { failLeftover } from "./clauses";

/** Parses what follows the name of a function: `AS (x, y) -> expression`. */
export function parseSqlFunction(cursor: Cursor, { name }: QualifiedName): SqlFunctionSpec {
  if (!takeWords(cursor, "AS")) {
    throw fail(
      cursor,
      `Found ${peek(cursor)?.text ?? "the end"}: expected AS (x, y) -> expression; functions of other languages are not managed`,
    );
  }
  const parameters =
    peek(cursor)?.text === "("
      ? splitAtCommas(takeGroup(cursor, "AS")).map((part) => takeName(part, "parameter"))
      : [takeName(cursor, "parameter, or of several in parentheses")];
  if (!takeOperator(cursor, "->")) throw failLeftover(cursor, "-> and an expression");
  if (isAtEnd(cursor)) throw failLeftover(cursor, "an expression");
  return { kind: "sqlFunction", name, parameters, expression: takeRest(cursor) };
}
