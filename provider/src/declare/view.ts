import type { QualifiedName, SecuritySpec, ViewSpec } from "../sql/spec";
import { commentAt, objectAt, optionalText, Problems, type Raw, requiredText } from "./fields";

/** Arguments every kind of view has. */
export const VIEW_KEYS = ["query", "sqlSecurity", "definer", "comment"] as const;

/** Arguments of `View` → spec. @throws {SchemaError} naming every wrong argument. */
export function declareView(name: QualifiedName, args: unknown): ViewSpec {
  const problems = new Problems();
  const raw = objectAt(args, "", VIEW_KEYS, problems);
  const comment = commentAt(raw, "", problems);
  const security = securityAt(raw, problems);
  const query = requiredText(raw, "query", "", problems);
  problems.throwIfAny();
  return {
    kind: "view",
    ...name,
    columns: [],
    ...(security && { security }),
    ...(comment !== undefined && { comment }),
    query,
  };
}

export function securityAt(raw: Raw, problems: Problems): SecuritySpec | undefined {
  const definer = optionalText(raw, "definer", "", problems);
  const sqlSecurity = optionalText(raw, "sqlSecurity", "", problems);
  if (sqlSecurity !== undefined && !["DEFINER", "INVOKER", "NONE"].includes(sqlSecurity)) {
    problems.add("sqlSecurity", 'expected "DEFINER", "INVOKER" or "NONE"');
  }
  if (definer === undefined && sqlSecurity === undefined) return undefined;
  return { ...(definer !== undefined && { definer }), ...(sqlSecurity !== undefined && { sqlSecurity }) };
}
