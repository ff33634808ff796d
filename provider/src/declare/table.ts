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
    problems.add("columns", "give the columns, or a query in `columnsFrom` whose result has them");
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
