import type * as pulumi from "@pulumi/pulumi";
import type { QuotaArgs } from "./access-args";
import type { SqlArgs } from "./args";
import { withNames } from "./entities";
import { namesInSql, SchemaObject } from "./schema-object";

/**
 * A quota: how much the users and roles that it applies to may ask for in a time. It belongs to no database. Where several apply, the tightest
 * counts.
 *
 * @example
 * ```ts
 * new Quota("dashboards", { keyedBy: "user", limits: { "1 hour": { queries: 1000, readRows: 1e9 } }, to: [reader] });
 * ```
 */
export class Quota extends SchemaObject {
  /**
   * Declares the quota.
   *
   * @param resourceName name within the stack, and on the server unless `name` is given.
   * @param args structured arguments, or `{ sql: "CREATE QUOTA …" }`.
   * @param opts Pulumi options, e.g. `protect`, `dependsOn`.
   * @throws {RunError} when another Quota has this resource name, or the stack's config has unknown keys.
   */
  constructor(resourceName: string, args: QuotaArgs | SqlArgs, opts: pulumi.CustomResourceOptions = {}) {
    if ("sql" in args) {
      const { sql, deletion, ...options } = args;
      super("quota", resourceName, { name: namesInSql(sql).name, args: { sql, ...options }, deletion }, opts);
    } else {
      const { name = resourceName, deletion, ...rest } = args;
      super("quota", resourceName, { name, args: withNames(rest, ["to"]), deletion }, opts);
    }
  }
}
