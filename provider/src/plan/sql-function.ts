import type { ObjectName } from "../diff/changes";
import { quoteIdentifier } from "../sql/identifiers";
import { renderSqlFunction } from "../sql/render/sql-function";
import type { SqlFunctionSpec } from "../sql/spec";
import { hazard } from "./hazards";
import type { Hazard, Statement } from "./plan";

/** CREATE OR REPLACE: there is no ALTER. */
export function planSqlFunction(to: SqlFunctionSpec): Statement[] {
  return [
    statement(replacing(to), [
      hazard(
        "metadata-only",
        "queries, row policies and other functions that call it compute the new value at once; tables and views keep the expression that they " +
          "were created with, until their own statement is run again",
      ),
    ]),
  ];
}

/** No statement renames a function: the new one is created, then the old one goes. An object of the new name was compared before. */
export function planSqlFunctionRename(to: SqlFunctionSpec, from: ObjectName): Statement[] {
  const old = quoteIdentifier(from.name ?? "");
  return [
    statement(replacing(to), [hazard("metadata-only", "no statement renames a function: there are two for a moment")]),
    statement(`DROP FUNCTION IF EXISTS ${old}`, [
      hazard("breaks-reader", `queries, row policies and functions that call ${old} by name fail from now on`),
    ]),
  ];
}

function replacing(to: SqlFunctionSpec): string {
  return renderSqlFunction(to).replace(/^CREATE /, "CREATE OR REPLACE ");
}

function statement(sql: string, hazards: readonly Hazard[]): Statement {
  return Object.freeze({ kind: "statement", sql, hazards });
}
