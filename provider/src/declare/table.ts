import { SchemaError } from "../errors";
import { isQuery } from "../sql/fragments";
import type { ColumnSpec, QualifiedName, TableSpec } from "../sql/spec";
import { columnClausesAt, columnsAt } from "./columns";
import { commentAt, objectAt, optionalText, Problems, type Raw } from "./fields";
import { constraintsAt, indexesAt, projectionsAt, STORAGE_KEYS, storageAt } from "./storage";

/** Arguments of `Table` → spec. @throws {SchemaError} naming every wrong argument. */
export function declareTable(name: QualifiedName, args: unknown): TableSpec {
  const problems = new Problems();
  const raw = objectAt(args, "", ["columns", "columnsFrom", "comment", ...STORAGE_KEYS], problems);
  const columnsFrom = optionalText(raw, "columnsFrom", "", problems);
  const hasOwn = /^\s*Alias\b/.test(typeof raw["engine"] === "string" ? raw["engine"] : "");
  if (raw["columns"] === undefined && columnsFrom === undefined && !hasOwn)
    problems.add("columns", "give the columns, or a query in `columnsFrom` whose result has them", "columns-missing");
  const comment = commentAt(raw, "", problems);
  const spec: TableSpec = {
    kind: "table",
    ...name,
    columns: columnsOf(raw, columnsFrom !== undefined, problems),
    indexes: indexesAt(raw, "", problems),
    constraints: constraintsAt(raw, "", problems),
    projections: projectionsAt(raw, "", problems),
    storage: storageAt(raw, "", problems),
    ...(comment !== undefined && { comment }),
    ...(columnsFrom !== undefined && { as: { text: columnsFrom, empty: true } }),
  };
  problems.throwIfAny();
  return spec;
}

/** If a query determines the types: only the columns with other attributes, without types. */
function columnsOf(raw: Raw, fromQuery: boolean, problems: Problems): ColumnSpec[] {
  if (raw["columns"] === undefined) return [];
  return fromQuery ? columnClausesAt(raw, "", problems) : columnsAt(raw, "", problems);
}

/** Rows that a CREATE inserts are not part of a definition: nothing would insert them again, or compare them. */
export function refuseFilled({ as }: TableSpec): void {
  if (as === undefined || as.empty || !(as.clone || isQuery(as.text))) return;
  if (as.clone) {
    throw new SchemaError(
      "statement-copies-rows",
      `sql: CLONE AS copies rows once, when the table is created, which a definition cannot express. Write AS ${as.text}, and copy the rows by ` +
        "an INSERT … SELECT",
    );
  }
  throw new SchemaError(
    "statement-copies-rows",
    "sql: AS SELECT fills the table once, when it is created, which a definition cannot express. Write EMPTY AS SELECT, and fill it by an " +
      "INSERT … SELECT; for rows that keep coming, declare a materialized view",
  );
}
