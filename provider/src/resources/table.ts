import type * as pulumi from "@pulumi/pulumi";
import { databaseName, namesInSql, SchemaObject } from "./schema-object";
import type { TableArgs, TableSqlArgs } from "./table-args";

/**
 * A table of any engine.
 *
 * @example
 * ```ts
 * const logs = new Table("logs_v1", {
 *   database: db,
 *   columns: { Timestamp: "DateTime64(9)", Body: { type: "String", codec: "ZSTD(1)" } },
 *   partitionBy: "toDate(Timestamp)",
 *   orderBy: ["Timestamp"],
 *   ttl: "toDateTime(Timestamp) + INTERVAL 14 DAY",
 * });
 * ```
 */
export class Table extends SchemaObject {
  /** Database on the server, unquoted. */
  declare readonly database: pulumi.Output<string>;

  /**
   * Declares the table.
   *
   * @param resourceName name within the stack, and on the server unless `name` is given.
   * @param args structured arguments, or `{ sql: "CREATE TABLE …" }`.
   * @param opts Pulumi options, e.g. `protect`, `dependsOn`.
   * @throws {RunError} when another Table has this resource name, or the stack's config has unknown keys.
   */
  constructor(resourceName: string, args: TableArgs | TableSqlArgs, opts: pulumi.CustomResourceOptions = {}) {
    if ("sql" in args) {
      const { sql, deletion, ...options } = args;
      super("table", resourceName, { ...namesInSql(sql), args: { sql, ...options }, deletion }, opts);
    } else {
      const { name = resourceName, database, deletion, ...rest } = args;
      super("table", resourceName, { database: databaseName(database), name, args: rest, deletion }, opts);
    }
  }
}
