import type * as pulumi from "@pulumi/pulumi";
import type { DatabaseArgs, SqlArgs } from "./args";
import { namesInSql, SchemaObject } from "./schema-object";

/**
 * A database.
 *
 * @example
 * ```ts
 * const metrics = new Database("metrics", { comment: "Time series" });
 * ```
 */
export class Database extends SchemaObject {
  /**
   * Declares the database.
   *
   * @param resourceName name within the stack, and on the server unless `name` is given.
   * @param args structured arguments, or `{ sql }`.
   * @param opts Pulumi options, e.g. `protect`, `dependsOn`.
   * @throws {RunError} when another Database has this resource name, or the stack's config has unknown keys.
   */
  constructor(resourceName: string, args: DatabaseArgs | SqlArgs = {}, opts: pulumi.CustomResourceOptions = {}) {
    if ("sql" in args) {
      const { sql, deletion, ...options } = args;
      super("database", resourceName, { name: namesInSql(sql).name, args: { sql, ...options }, deletion }, opts);
    } else {
      const { name = resourceName, deletion, ...rest } = args;
      super("database", resourceName, { name, args: rest, deletion }, opts);
    }
  }
}
