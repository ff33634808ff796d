import * as pulumi from "@pulumi/pulumi";
import type { Grantee, NamedGrantee } from "./grants-args";

/** Arguments with the names of resources in their place, wherever users, roles and profiles are named. */
export function withNames<Args extends object>(args: Args, keys: readonly string[]): Args {
  const named = Object.entries(args).map(([key, value]) => [key, keys.includes(key) ? namesIn(value) : value]);
  return Object.fromEntries(named) as Args;
}

/** The name of a user or role that is given as a resource or by its name. */
export function granteeName(grantee: Grantee): pulumi.Input<string> {
  return pulumi.Resource.isInstance(grantee)
    ? (grantee as unknown as NamedGrantee).name
    : (grantee as pulumi.Input<string>);
}

/** A resource's name instead of the resource, in a list or in `{ except: […] }`. */
function namesIn(value: unknown): unknown {
  if (pulumi.Resource.isInstance(value)) return (value as unknown as { readonly name?: unknown }).name ?? value;
  if (Array.isArray(value)) return value.map(namesIn);
  if (typeof value !== "object" || value === null || pulumi.Output.isInstance(value) || value instanceof Promise)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, namesIn(one)]));
}
