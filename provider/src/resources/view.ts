import type * as pulumi from "@pulumi/pulumi";
import type { SqlArgs } from "./args";
import { databaseName, namesInSql, SchemaObject } from "./schema-object";
import type { ViewArgs } from "./view-args";

/**
 * An ordinary view: a stored SELECT.
 *
 * @example
 * ```ts
 * new View("errors", { database: db, query: sql`SELECT * FROM ${logs} WHERE SeverityText = 'ERROR'` });
 * ```
 */
export class View extends SchemaObject {
  /** Database on the server, unquoted. */
  declare readonly database: pulumi.Output<string>;

  /**
   * Declares the view.
   *
   * @param resourceName name within the stack, and on the server unless `name` is given.
   * @param args structured arguments, or `{ sql: "CREATE VIEW …" }`.
   * @param opts Pulumi options, e.g. `protect`, `dependsOn`.
   * @throws {RunError} when another View has this resource name, or the stack's config has unknown keys.
   */
  constructor(resourceName: string, args: ViewArgs | SqlArgs, opts: pulumi.CustomResourceOptions = {}) {
    if ("sql" in args) {
      const { sql, deletion, ...options } = args;
      super("view", resourceName, { ...namesInSql(sql), args: { sql, ...options }, deletion }, opts);
    } else {
      const { name = resourceName, database, deletion, ...rest } = args;
      super("view", resourceName, { database: databaseName(database), name, args: rest, deletion }, opts);
    }
  }
}
