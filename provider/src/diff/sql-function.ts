import { renderLambda } from "../sql/render/sql-function";
import type { SqlFunctionSpec } from "../sql/spec";
import type { Change } from "./changes";

/** What it computes: parameters and expression are one text. */
export function diffSqlFunction(from: SqlFunctionSpec, to: SqlFunctionSpec): Change[] {
  const [before, after] = [renderLambda(from), renderLambda(to)];
  return before === after ? [] : [Object.freeze({ kind: "definition" as const, from: before, to: after })];
}
