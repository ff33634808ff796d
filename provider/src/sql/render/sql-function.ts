import { quoteIdentifier } from "../identifiers";
import type { SqlFunctionSpec } from "../spec";

/** `CREATE FUNCTION` in the engine's layout. */
export function renderSqlFunction(spec: SqlFunctionSpec): string {
  return `CREATE FUNCTION ${quoteIdentifier(spec.name)} AS ${renderLambda(spec)}`;
}

/** What a function computes: `(x, y) -> expression`. */
export function renderLambda({ parameters, expression }: Pick<SqlFunctionSpec, "parameters" | "expression">): string {
  const names = parameters.map(quoteIdentifier);
  return `${names.length === 1 ? names[0] : `(${names.join(", ")})`} -> ${expression}`;
}
