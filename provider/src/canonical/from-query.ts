import { SchemaError } from "../errors";
import type { ObjectSpec, TableSpec } from "../sql/spec";
import { didYouMean } from "../util/near";

/** A table whose columns come from a query, some of them with more than a type: no single statement can say that. */
export interface FromQuery extends TableSpec {
  readonly as: NonNullable<TableSpec["as"]>;
}

export function isFromQuery(spec: ObjectSpec): spec is FromQuery {
  if (spec.kind !== "table" || spec.as?.empty !== true || spec.columns.length === 0) return false;
  // The engine also takes a type from a default.
  return spec.columns.every((column) => column.type === undefined && column.default === undefined);
}

/**
 * The table with each column written out.
 *
 * @param given what the query returns.
 * @throws {SchemaError} for a column that it does not return.
 */
export function withColumnsOf(
  spec: FromQuery,
  given: readonly { readonly name: string; readonly type: string }[],
): TableSpec {
  const { as: _, ...table } = spec;
  const names = given.map(({ name }) => name);
  const problems = spec.columns.flatMap(({ name }) =>
    names.includes(name)
      ? []
      : [`columns.${name}: \`columnsFrom\` gives no such column, only ${names.join(", ")}${didYouMean(name, names)}`],
  );
  if (problems.length > 0) throw new SchemaError("argument-invalid", problems);
  const clauses = new Map(spec.columns.map((column) => [column.name, column]));
  return { ...table, columns: given.map(({ name, type }) => ({ ...clauses.get(name), name, type })) };
}
