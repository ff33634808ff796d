import type * as pulumi from "@pulumi/pulumi";
import { granteeName, withNames } from "./entities";
import type { GrantsArgs } from "./grants-args";
import { SchemaObject } from "./schema-object";

/**
 * **All** that a user or a role may do. What it is granted elsewhere is drift, which the next `pulumi up` takes back.
 *
 * Rights are compared by what they mean, not by their statements, and a change is the least GRANT and REVOKE that gets there: nothing is taken away and
 * given back, so no query fails in between.
 *
 * @example
 * ```ts
 * const reader = new Role("reader");
 * new Grants("reader", { to: reader, privileges: [sql`SELECT ON ${shop}.*`], except: [sql`SELECT(card) ON ${orders}`] });
 * ```
 */
export class Grants extends SchemaObject {
  /**
   * Declares the rights.
   *
   * @param resourceName name within the stack.
   * @param args who, and what.
   * @param opts Pulumi options, e.g. `protect`, `dependsOn`.
   * @throws {RunError} when another Grants has this resource name, or the stack's config has unknown keys.
   */
  constructor(resourceName: string, args: GrantsArgs, opts: pulumi.CustomResourceOptions = {}) {
    const { to, deletion, ...rest } = args;
    super(
      "grants",
      resourceName,
      { name: granteeName(to), args: withNames(rest, ["roles", "defaultRoles"]), deletion },
      opts,
    );
  }
}
