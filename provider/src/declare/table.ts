import type { QualifiedName, TableSpec } from "../sql/spec";
import { columnsAt } from "./columns";
import { commentAt, objectAt, optionalText, Problems } from "./fields";
import { constraintsAt, indexesAt, projectionsAt, STORAGE_KEYS, storageAt } from "./storage";

/** Arguments of `Table` → spec. @throws {SchemaError} naming every wrong argument. */
export function declareTable(name: QualifiedName, args: unknown): TableSpec {
  const problems = new Problems();
  const raw = objectAt(args, "", ["columns", "columnsFrom", "comment", ...STORAGE_KEYS], problems);
  const columnsFrom = optionalText(raw, "columnsFrom", "", problems);
  const hasOwn = /^\s*Alias\b/.test(typeof raw["engine"] === "string" ? raw["engine"] : "");
  if (raw["columns"] === undefined ? columnsFrom === undefined && !hasOwn : columnsFrom !== undefined) {
    problems.add("columns", "give the columns, or a query in `columnsFrom` whose result has them; one of the two");
  }
  const comment = commentAt(raw, "", problems);
  const spec: TableSpec = {
    kind: "table",
    ...name,
    columns: raw["columns"] === undefined ? [] : columnsAt(raw, "", problems),
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
