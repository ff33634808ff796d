import * as pulumi from "@pulumi/pulumi";
import type { Named } from "./args";

/**
 * SQL with resources in it: each becomes its quoted, qualified name, and a dependency.
 *
 * @example
 * ```ts
 * sql`SELECT ServiceName, count() AS n FROM ${logs} GROUP BY ServiceName`
 * ```
 */
export function sql(
  strings: TemplateStringsArray,
  ...values: (pulumi.Input<string | number> | Named)[]
): pulumi.Output<string> {
  return pulumi.interpolate(strings, ...values.map((value) => (isNamed(value) ? value.qualifiedName : value)));
}

/** The name of an object that is given as a resource or a name. */
export function nameIn(value: pulumi.Input<string> | Named): pulumi.Input<string> {
  return isNamed(value) ? value.qualifiedName : value;
}

export function isNamed(value: unknown): value is Named {
  return typeof value === "object" && value !== null && pulumi.Resource.isInstance(value) && "qualifiedName" in value;
}
