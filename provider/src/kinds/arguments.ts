import { columnArguments, hasOwnColumns } from "../code/columns";
import { constraintArguments, indexArguments, projectionArguments, storageArguments } from "../code/storage";
import { query, sql } from "../code/text";
import type { Value, ValueMap } from "../code/value";
import { qualifiedName } from "../sql/identifiers";
import type { DatabaseSpec, MaterializedViewSpec, SecuritySpec, TableSpec, ViewSpec } from "../sql/spec";

/** Arguments of a database. */
export function databaseArguments({ engine, comment }: DatabaseSpec): ValueMap {
  // Another kind of server (a managed service) has a different engine for the same thing, and uses it without being told.
  return { engine: engine === undefined || engine === "Atomic" ? undefined : sql(engine), comment };
}

/** Arguments of a table. */
export function tableArguments(table: TableSpec): ValueMap {
  return {
    columns: table.columns.length === 0 ? undefined : columnArguments(table.columns),
    ...storageArguments(table.storage),
    ...elements(table),
    comment: table.comment,
  };
}

function elements({ indexes, projections, constraints }: TableSpec | MaterializedViewSpec): ValueMap {
  return {
    indexes: orNothing(indexes.map(indexArguments)),
    projections: orNothing(projections.map(projectionArguments)),
    constraints: orNothing(constraints.map(constraintArguments)),
  };
}

/** Arguments of every kind of view. @param listed whether its columns are written even if they may be those of its query. */
export function viewArguments(view: ViewSpec | MaterializedViewSpec, listed: boolean): ValueMap {
  const hasList = view.columns.length > 0 && (listed || hasOwnColumns(view));
  return {
    ...securityArguments(view.security),
    comment: view.comment,
    columns: hasList ? columnArguments(view.columns) : undefined,
    query: query(view.query),
  };
}

/** Arguments of a materialized view. @param listed as for {@link viewArguments}. */
export function materializedViewArguments(view: MaterializedViewSpec, listed: boolean): ValueMap {
  const [, schedule, append] = /^([\s\S]*?)(\s+APPEND)?$/.exec(view.refresh ?? "") ?? [];
  return {
    to: view.to && targetOf(view.to),
    inner: view.storage && { ...storageArguments(view.storage), ...elements(view) },
    refresh: schedule ? sql(schedule) : undefined,
    append: append === undefined ? undefined : true,
    ...viewArguments(view, listed),
  };
}

function targetOf(to: { readonly database: string; readonly name: string }): Value {
  return sql(qualifiedName(to));
}

function securityArguments(security: SecuritySpec | undefined): ValueMap {
  return { sqlSecurity: security?.sqlSecurity, definer: security?.definer };
}

function orNothing(values: readonly Value[]): Value | undefined {
  return values.length === 0 ? undefined : values;
}
