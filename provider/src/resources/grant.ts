import * as pulumi from "@pulumi/pulumi";
import { grantName } from "../sql/access/grant";
import { granteeName, withNames } from "./entities";
import { foreknown, foretell } from "./foreknown";
import type { GrantArgs } from "./grants-args";
import { SchemaObject } from "./schema-object";

/**
 * Some of what a user or a role may do, beside what others grant it. Its rights are given, and taken back when they or the resource leave the
 * program; nothing else that the grantee has is touched.
 *
 * A right that is there already, or is covered by a wider one, is not granted again. Of two grants that overlap, each keeps what it declares. A `Grants`
 * for the same grantee, which takes back whatever it does not declare, is refused.
 *
 * @example
 * ```ts
 * new Grant("alice-reads-orders", { to: "alice", privileges: [sql`SELECT ON ${orders}`] });
 * ```
 */
export class Grant extends SchemaObject {
  /**
   * Declares the rights.
   *
   * @param resourceName name within the stack; a grantee has as many as one likes.
   * @param args who, and what.
   * @param opts Pulumi options, e.g. `protect`, `dependsOn`.
   * @throws {RunError} when another Grant has this resource name, or the stack's config has unknown keys.
   */
  constructor(resourceName: string, args: GrantArgs, opts: pulumi.CustomResourceOptions = {}) {
    const { to, deletion, ...rest } = args;
    const name = pulumi.output(granteeName(to)).apply((grantee) => grantName(resourceName, grantee));
    const known = foreknown(granteeName(to));
    if (typeof known === "string") foretell(name, grantName(resourceName, known));
    super("grant", resourceName, { name, args: withNames(rest, ["roles"]), deletion }, opts);
  }
}
