import type * as pulumi from "@pulumi/pulumi";
import { databaseName, namesInSql, SchemaObject } from "./schema-object";
import { nameIn } from "./sql";
import type { MaterializedViewArgs, MaterializedViewSqlArgs } from "./view-args";

/**
 * A materialized view: incremental (it runs on every insert into its source), or refreshable (it runs on a schedule).
 *
 * @example
 * ```ts
 * new MaterializedView("log_volume_mv", {
 *   database: db,
 *   to: volume,
 *   query: sql`SELECT ServiceName, toStartOfMinute(Timestamp) AS minute, count() AS n FROM ${logs} GROUP BY ServiceName, minute`,
 * });
 * ```
 */
export class MaterializedView extends SchemaObject {
  /** Database on the server, unquoted. */
  declare readonly database: pulumi.Output<string>;

  /**
   * Declares the view.
   *
   * @param resourceName name within the stack, and on the server unless `name` is given.
   * @param args structured arguments, or `{ sql: "CREATE MATERIALIZED VIEW …" }`.
   * @param opts Pulumi options, e.g. `protect`, `dependsOn`.
   * @throws {RunError} when another MaterializedView has this resource name, or the stack's config has unknown keys.
   */
  constructor(
    resourceName: string,
    args: MaterializedViewArgs | MaterializedViewSqlArgs,
    opts: pulumi.CustomResourceOptions = {},
  ) {
    if ("sql" in args) {
      const { sql, deletion, ...options } = args;
      super("materializedView", resourceName, { ...namesInSql(sql), args: { sql, ...options }, deletion }, opts);
    } else {
      const { name = resourceName, database, deletion, to, ...rest } = args;
      const target = to === undefined ? {} : { to: nameIn(to) };
      super(
        "materializedView",
        resourceName,
        { database: databaseName(database), name, args: { ...rest, ...target }, deletion },
        opts,
      );
    }
  }
}
