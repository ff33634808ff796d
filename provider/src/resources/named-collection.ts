import * as pulumi from "@pulumi/pulumi";
import type { NamedCollectionArgs } from "./named-collection-args";
import { SchemaObject } from "./schema-object";

/**
 * A named collection: values that engines, table functions and dictionaries of the server share, e.g. an address and a key. It belongs to no
 * database: every stack on that server shares its name.
 *
 * Its values are never read from the server, and a secret is in no state, preview or log of this package; a new value of a secret is seen all the
 * same. A value that somebody changes on the server manually is not seen; a key is.
 *
 * @example
 * ```ts
 * const web = new NamedCollection("web", {
 *   values: { url: "https://example.com/rates.tsv", format: "TSV" },
 *   secrets: { password: config.requireSecret("webPassword") },
 * });
 * new Table("rates", { database: db, columns: { rate: "Float64" }, engine: sql`URL(${web})` });
 * ```
 */
export class NamedCollection extends SchemaObject {
  /**
   * Declares the named collection.
   *
   * @param resourceName name within the stack, and on the server unless `name` is given.
   * @param args structured arguments: plain SQL would hold the secrets.
   * @param opts Pulumi options, e.g. `protect`, `dependsOn`.
   * @throws {RunError} when another NamedCollection has this resource name, or the stack's config has unknown keys.
   */
  constructor(resourceName: string, args: NamedCollectionArgs, opts: pulumi.CustomResourceOptions = {}) {
    const { name = resourceName, deletion, secrets, ...rest } = args;
    const places = secrets === undefined ? {} : { secrets: namesOf(secrets) };
    super("namedCollection", resourceName, { name, args: { ...rest, ...places }, deletion, secrets }, opts);
  }
}

/** The names alone, which are no secret. */
function namesOf(secrets: pulumi.Input<Record<string, unknown>>): pulumi.Input<Record<string, string>> {
  const isPlain = !pulumi.Output.isInstance(secrets) && !(secrets instanceof Promise);
  return isPlain ? hidden(secrets) : pulumi.unsecret(pulumi.output(secrets)).apply(hidden);
}

function hidden(secrets: object): Record<string, string> {
  return Object.fromEntries(Object.keys(secrets).map((key) => [key, "[HIDDEN]"]));
}
