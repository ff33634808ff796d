import type * as pulumi from "@pulumi/pulumi";
import type { SqlArgs, SqlFunctionArgs } from "./args";
import { namesInSql, SchemaObject } from "./schema-object";

/**
 * A SQL function. It belongs to no database: its name is the server's, and every stack on that server shares it.
 *
 * Tables and views keep its expression, not its name: after a change, `pulumi up` changes those of this stack that call it, too. What others have
 * created keeps the old expression, and the preview names it.
 *
 * @example
 * ```ts
 * const mebi = new SqlFunction("mebi", { parameters: ["bytes"], expression: "bytes / 1048576" });
 * new View("sizes", { database: db, query: sql`SELECT ${mebi}(size) AS size FROM ${files}` });
 * ```
 */
export class SqlFunction extends SchemaObject {
  /**
   * Declares the function.
   *
   * @param resourceName name within the stack, and on the server unless `name` is given.
   * @param args structured arguments, or `{ sql: "CREATE FUNCTION …" }`.
   * @param opts Pulumi options, e.g. `protect`, `dependsOn`.
   * @throws {RunError} when another SqlFunction has this resource name, or the stack's config has unknown keys.
   */
  constructor(resourceName: string, args: SqlFunctionArgs | SqlArgs, opts: pulumi.CustomResourceOptions = {}) {
    if ("sql" in args) {
      const { sql, deletion, ...options } = args;
      super("sqlFunction", resourceName, { name: namesInSql(sql).name, args: { sql, ...options }, deletion }, opts);
    } else {
      const { name = resourceName, deletion, ...rest } = args;
      super("sqlFunction", resourceName, { name, args: rest, deletion }, opts);
    }
  }
}
