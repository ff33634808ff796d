import * as pulumi from "@pulumi/pulumi";

/** A value in a place where it cannot be. */
export interface Misplaced {
  readonly path: string;
  readonly problem: string;
}

/** How strictly arguments are looked at. */
export interface PlaceOptions {
  /** Outputs are misplaced, too: the values are needed before anything is deployed. Default: false. */
  readonly plain?: boolean;
}

/**
 * Resources among arguments that only take values, and with `plain` Outputs: types forbid them, plain JavaScript does not.
 */
export function misplacedIn(value: unknown, path = "", options: PlaceOptions = {}): Misplaced[] {
  if (typeof value !== "object" || value === null) return [];
  if (pulumi.Resource.isInstance(value)) return [{ path, problem: whatIs(value) }];
  if (pulumi.Output.isInstance(value) || value instanceof Promise) {
    const problem = "an Output was passed, but a Rollup needs the plain value, before anything is deployed";
    return options.plain === true ? [{ path, problem }] : [];
  }
  const at = (key: string): string => (Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`);
  return Object.entries(value).flatMap(([key, one]) => misplacedIn(one, at(key), options));
}

/** Pulumi's options that replace an object instead of changing it. */
const REPLACING = ["replaceOnChanges", "replacementTrigger", "replaceWith"] as const;

/** Options whose use ends in "exists and differs" with Pulumi 3.259, even with `deletion: "drop"`; `--replace` deletes first. */
export function replacingOptions(opts: pulumi.CustomResourceOptions): Misplaced[] {
  const problem =
    "this option creates the object again instead of changing it. Leave it out: a change alters the object, or rebuilds it with its rows. " +
    'To empty a table on purpose, set deletion: "drop" on the resource, run `pulumi up`, and then `pulumi up --replace URN`';
  return REPLACING.flatMap((path) => {
    const given: unknown = opts[path];
    return given === undefined || (Array.isArray(given) && given.length === 0) ? [] : [{ path, problem }];
  });
}

/** Whether it is a Rollup, which has several objects. */
export function isRollup(value: unknown): value is pulumi.ComponentResource {
  return pulumi.ComponentResource.isInstance(value) && "truth" in value;
}

/** What was passed, and what to pass instead. */
export function whatIs(value: pulumi.Resource): string {
  return isRollup(value)
    ? "a Rollup was passed, which has several objects: pass rollup.target for its table, or rollup.read for the view to query"
    : "a resource was passed where a value is expected; to name it in SQL, write sql`…` with the resource in ${}";
}
