import type { ColumnSpec, QualifiedName, SecuritySpec, ViewSpec } from "../sql/spec";
import { columnsAt } from "./columns";
import { commentAt, objectAt, optionalText, Problems, type Raw, requiredText } from "./fields";

/** Arguments of every kind of view. */
export const VIEW_KEYS = ["query", "columns", "sqlSecurity", "definer", "comment"] as const;

/** Arguments of `View` → spec. @throws {SchemaError} naming every wrong argument. */
export function declareView(name: QualifiedName, args: unknown): ViewSpec {
  const problems = new Problems();
  const raw = objectAt(args, "", VIEW_KEYS, problems);
  const columns = viewColumnsAt(raw, problems);
  const comment = commentAt(raw, "", problems);
  const security = securityAt(raw, problems);
  const query = requiredText(raw, "query", "", problems);
  problems.throwIfAny();
  return {
    kind: "view",
    ...name,
    columns,
    ...(security && { security }),
    ...(comment !== undefined && { comment }),
    query,
  };
}

/** The columns of a view of either kind; if empty, those of its query. */
export function viewColumnsAt(raw: Raw, problems: Problems): ColumnSpec[] {
  return raw["columns"] === undefined ? [] : columnsAt(raw, "", problems);
}

/** Whose privileges a view uses. */
export function securityAt(raw: Raw, problems: Problems): SecuritySpec | undefined {
  const definer = optionalText(raw, "definer", "", problems);
  const sqlSecurity = optionalText(raw, "sqlSecurity", "", problems);
  if (sqlSecurity !== undefined && !["DEFINER", "INVOKER", "NONE"].includes(sqlSecurity)) {
    problems.add("sqlSecurity", 'expected "DEFINER", "INVOKER" or "NONE"');
  }
  if (definer === undefined && sqlSecurity === undefined) return undefined;
  return { ...(definer !== undefined && { definer }), ...(sqlSecurity !== undefined && { sqlSecurity }) };
}
