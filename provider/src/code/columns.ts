import type { ColumnSpec, MaterializedViewSpec, ViewSpec } from "../sql/spec";
import { settingArguments } from "./settings";
import { sql } from "./text";
import type { Value, ValueMap } from "./value";

const DEFAULT_KEYS = {
  DEFAULT: "default",
  MATERIALIZED: "materialized",
  ALIAS: "alias",
  EPHEMERAL: "ephemeral",
} as const;
/** JavaScript sorts integer-like keys first and treats `__proto__` specially; others would be hard to read. */
export const NO_KEY = /^(?:\d|__proto__$)/;

/** A map from name to type or definition; a list if a map could not keep the names or their order. */
export function columnArguments(columns: readonly ColumnSpec[]): Value {
  const definitions = columns.map((column) => [column.name, definitionOf(column)] as const);
  if (
    !columns.some(({ name }) => NO_KEY.test(name)) &&
    new Set(columns.map(({ name }) => name)).size === columns.length
  ) {
    return Object.fromEntries(definitions.map(([name, definition]) => [name, shorten(definition)]));
  }
  return definitions.map(([name, definition]) => ({ name, ...definition }));
}

/**
 * Whether the columns of a view have more than names and types, which is all that the engine takes from the query; or appear beside
 * indexes and the like, where it takes nothing.
 */
export function hasOwnColumns(view: ViewSpec | MaterializedViewSpec): boolean {
  if (view.kind === "materializedView") {
    const { indexes, projections, constraints } = view;
    if (indexes.length + projections.length + constraints.length > 0) return true;
  }
  return view.columns.some((column) => Object.keys(column).some((key) => key !== "name" && key !== "type"));
}

/** What columns have besides names and types; undefined if none has anything. */
export function clausesOf(columns: readonly ColumnSpec[]): ValueMap | undefined {
  const entries = columns.flatMap((column) => {
    const { type: _, ...clauses } = definitionOf(column);
    return Object.values(clauses).every((value) => value === undefined) ? [] : [[column.name, clauses] as const];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function definitionOf(column: ColumnSpec): ValueMap {
  const { default: value, codec, statistics, ttl, comment, settings } = column;
  const expression = value?.kind === "EPHEMERAL" && value.expression === undefined ? true : value?.expression;
  return {
    type: column.type,
    ...(value && { [DEFAULT_KEYS[value.kind]]: typeof expression === "string" ? sql(expression) : expression }),
    codec,
    statistics,
    ttl: ttl === undefined ? undefined : sql(ttl),
    settings: settings && settingArguments(settings),
    comment,
  };
}

/** Just the type if there is nothing else. */
function shorten(definition: ValueMap): Value {
  const { type, ...rest } = definition;
  return type !== undefined && Object.values(rest).every((value) => value === undefined) ? type : definition;
}
