import { isQuery } from "../sql/fragments";
import { renderCreate } from "../sql/render";
import type { ObjectSpec } from "../sql/spec";
import { canonicalSecurity, dropServerDefaults } from "./normal-form";

/**
 * The statement that creates an object on the embedded engine without running anything, and without users and privileges: those are the
 * server's, and the engine has none of them.
 *
 * @param statement of the spec, rendered.
 */
export function hostable(spec: ObjectSpec, statement: string): string {
  if ("query" in spec && spec.security !== undefined) {
    const { security: _, ...plain } = spec;
    return hostable(plain, renderCreate(plain));
  }
  // Neither a refreshable view nor the query that determines a table's columns is run here.
  if (spec.kind === "materializedView" && spec.refresh !== undefined) return renderCreate({ ...spec, empty: true });
  if (spec.kind === "table" && spec.as !== undefined && !spec.as.empty && isQuery(spec.as.text))
    return renderCreate({ ...spec, as: { text: spec.as.text, empty: true } });
  return statement;
}

/** What the engine shows, with the security clause that {@link hostable} left out. */
export function withDeclaredSecurity(shown: ObjectSpec, declared: ObjectSpec): ObjectSpec {
  const plain = dropServerDefaults(shown, declared);
  const security = "query" in declared ? canonicalSecurity(declared.security) : undefined;
  return security === undefined || !("query" in plain) ? plain : { ...plain, security };
}
