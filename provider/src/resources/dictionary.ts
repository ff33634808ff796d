import * as pulumi from "@pulumi/pulumi";
import type { SqlArgs } from "./args";
import type { DictionaryArgs } from "./dictionary-args";
import { databaseName, namesInSql, SchemaObject } from "./schema-object";
import { isNamed } from "./sql";

/**
 * A dictionary: a key-value table in memory that is loaded from a source. Creating it loads nothing, so a wrong password, table or query
 * shows at its first use.
 *
 * Any change, also of the comment, is one `CREATE OR REPLACE DICTIONARY`, which needs CREATE, DROP DICTIONARY, SELECT, INSERT, CREATE TABLE
 * and DROP TABLE on the database.
 *
 * @example
 * ```ts
 * const rates = new Dictionary("rates", {
 *   database: db,
 *   columns: { id: "UInt64", rate: "Float64" },
 *   primaryKey: "id",
 *   source: { table: rateTable },
 *   layout: "HASHED()",
 *   lifetime: 300,
 * });
 * new View("prices", { database: db, query: sql`SELECT dictGet(${rates.literal}, 'rate', id) AS rate FROM ${orders}` });
 * ```
 */
export class Dictionary extends SchemaObject {
  /** Database on the server, unquoted. */
  declare readonly database: pulumi.Output<string>;
  /** Its name as `dictGet` and the like take it, a string with its quotes: `'shop.rates'`. */
  readonly literal: pulumi.Output<string>;

  /**
   * Declares the dictionary.
   *
   * @param resourceName name within the stack, and on the server unless `name` is given.
   * @param args structured arguments, or `{ sql: "CREATE DICTIONARY …" }`.
   * @param opts Pulumi options, e.g. `protect`, `dependsOn`.
   * @throws {RunError} when another Dictionary has this resource name, or the stack's config has unknown keys.
   */
  constructor(resourceName: string, args: DictionaryArgs | SqlArgs, opts: pulumi.CustomResourceOptions = {}) {
    if ("sql" in args) {
      const { sql, deletion, ...options } = args;
      super("dictionary", resourceName, { ...namesInSql(sql), args: { sql, ...options }, deletion }, opts);
    } else {
      const { name = resourceName, database, deletion, source, ...rest } = args;
      const declared = { ...rest, source: withTableName(source) };
      super("dictionary", resourceName, { database: databaseName(database), name, args: declared, deletion }, opts);
    }
    this.literal = pulumi.interpolate`'${this.database}.${this.name}'`;
  }
}

/** A table that is given as a resource is passed on as its name, and stays a dependency. */
function withTableName(source: DictionaryArgs["source"]): unknown {
  if (typeof source !== "object" || source === null || pulumi.Output.isInstance(source) || !("table" in source))
    return source;
  const { table } = source;
  return { ...source, table: isNamed(table) ? table.qualifiedName : table };
}
