import * as pulumi from "@pulumi/pulumi";
import { quoteIdentifier } from "../sql/identifiers";
import type { RowPolicyArgs } from "./access-args";
import type { Named, SqlArgs } from "./args";
import { Database } from "./database";
import { withNames } from "./entities";
import { namesInSql, SchemaObject } from "./schema-object";
import { nameIn, sql } from "./sql";

/**
 * A row policy: which rows of a table the users and roles that it applies to may read. It is never replaced.
 *
 * `name` is its full name, e.g. `tenants ON shop.orders`, as `system.row_policies` has it.
 *
 * @example
 * ```ts
 * new RowPolicy("tenants", { on: orders, using: "tenant = currentUser()", to: [reader] });
 * ```
 */
export class RowPolicy extends SchemaObject {
  /**
   * Declares the policy.
   *
   * @param resourceName name within the stack, and on the server unless `name` is given.
   * @param args structured arguments, or `{ sql: "CREATE ROW POLICY …" }`.
   * @param opts Pulumi options, e.g. `protect`, `dependsOn`.
   * @throws {RunError} when another RowPolicy has this resource name, or the stack's config has unknown keys.
   */
  constructor(resourceName: string, args: RowPolicyArgs | SqlArgs, opts: pulumi.CustomResourceOptions = {}) {
    if ("sql" in args) {
      const { sql, deletion, ...options } = args;
      super("rowPolicy", resourceName, { name: namesInSql(sql).name, args: { sql, ...options }, deletion }, opts);
    } else {
      const { name = resourceName, deletion, on, ...rest } = args;
      const table = tableIn(on);
      const full = sql`${quoted(name)} ON ${table}`;
      super("rowPolicy", resourceName, { name: full, args: withNames({ on: table, ...rest }, ["to"]), deletion }, opts);
    }
  }
}

function quoted(name: pulumi.Input<string>): pulumi.Input<string> {
  return typeof name === "string" ? quoteIdentifier(name) : pulumi.output(name).apply(quoteIdentifier);
}

/** All tables of a database, where that is given. */
function tableIn(on: pulumi.Input<string> | Named): pulumi.Input<string> {
  return on instanceof Database ? sql`${on}.*` : (nameIn(on) ?? "");
}
