import { backtick, quoteIdentifier, quoteString } from "../identifiers";
import type { ColumnSpec, ConstraintSpec, IndexSpec, ProjectionSpec, SettingSpec } from "../spec";

/** What is in the parentheses after the name. */
export interface Elements {
  readonly columns: readonly ColumnSpec[];
  readonly indexes?: readonly IndexSpec[];
  readonly constraints?: readonly ConstraintSpec[];
  readonly projections?: readonly ProjectionSpec[];
}

/** The parenthesised list, one element per line, in the engine's order; empty when there is none. */
export function renderElements({ columns, indexes = [], constraints = [], projections = [] }: Elements): string {
  const elements = [
    ...columns.map(renderColumn),
    ...indexes.map(renderIndex),
    ...constraints.map(renderConstraint),
    ...projections.map(renderProjection),
  ];
  return elements.length === 0 ? "" : `\n(\n${elements.map((element) => `    ${element}`).join(",\n")}\n)`;
}

/** One column as in a column list; also for `ADD COLUMN` and `MODIFY COLUMN`. */
export function renderColumn(column: ColumnSpec): string {
  const parts = [
    backtick(column.name),
    column.type,
    column.default && joinParts([column.default.kind, column.default.expression]),
    column.comment !== undefined && `COMMENT ${quoteString(column.comment)}`,
    column.codec !== undefined && `CODEC(${column.codec})`,
    column.statistics !== undefined && `STATISTICS(${column.statistics})`,
    column.ttl !== undefined && `TTL ${column.ttl}`,
    column.primaryKey && "PRIMARY KEY",
    column.settings && `SETTINGS (${renderSettings(column.settings)})`,
  ];
  return joinParts(parts);
}

/** One index, from `INDEX` on; also for `ADD INDEX`. */
export function renderIndex({ name, expression, type, granularity }: IndexSpec): string {
  const suffix = granularity === undefined ? "" : ` GRANULARITY ${granularity}`;
  return `INDEX ${quoteIdentifier(name)} ${expression} TYPE ${type}${suffix}`;
}

/** One constraint, from `CONSTRAINT` on. */
export function renderConstraint({ name, kind, expression }: ConstraintSpec): string {
  return `CONSTRAINT ${quoteIdentifier(name)} ${kind} ${expression}`;
}

/** One projection, from `PROJECTION` on; the engine puts its query on its own lines. */
export function renderProjection({ name, body }: ProjectionSpec): string {
  return `PROJECTION ${quoteIdentifier(name)}${body.startsWith("(") ? "\n    " : " "}${body}`;
}

/** `a = 1, b = 'x'`. */
export function renderSettings(settings: readonly SettingSpec[]): string {
  return settings.map(({ name, value }) => `${name} = ${value}`).join(", ");
}

/** The parts that are present, joined by spaces. */
export function joinParts(parts: readonly (string | false | undefined)[]): string {
  return parts.filter((part) => typeof part === "string" && part !== "").join(" ");
}
