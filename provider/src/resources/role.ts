import type * as pulumi from "@pulumi/pulumi";
import type { RoleArgs } from "./access-args";
import type { SqlArgs } from "./args";
import { withNames } from "./entities";
import { namesInSql, SchemaObject } from "./schema-object";

/**
 * A role: rights and settings that users get together. It belongs to no database: every stack on the server shares its name.
 *
 * It is never replaced: a change is an ALTER, a new name a rename. It is not dropped while somebody has it, or while a quota, a profile or a row
 * policy names it.
 *
 * @example
 * ```ts
 * const reader = new Role("reader", { settings: { max_memory_usage: { value: "10G", max: "20G" } } });
 * ```
 */
export class Role extends SchemaObject {
  /**
   * Declares the role.
   *
   * @param resourceName name within the stack, and on the server unless `name` is given.
   * @param args structured arguments, or `{ sql: "CREATE ROLE …" }`.
   * @param opts Pulumi options, e.g. `protect`, `dependsOn`.
   * @throws {RunError} when another Role has this resource name, or the stack's config has unknown keys.
   */
  constructor(resourceName: string, args: RoleArgs | SqlArgs = {}, opts: pulumi.CustomResourceOptions = {}) {
    if ("sql" in args) {
      const { sql, deletion, ...options } = args;
      super("role", resourceName, { name: namesInSql(sql).name, args: { sql, ...options }, deletion }, opts);
    } else {
      const { name = resourceName, deletion, ...rest } = args;
      super("role", resourceName, { name, args: withNames(rest, ["profiles"]), deletion }, opts);
    }
  }
}
