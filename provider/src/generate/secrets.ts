import { Secret } from "../code/value";
import type { ObjectSpec } from "../sql/spec";
import { Identifiers } from "./identifiers";

/** Gives each secret of a program a unique name in the stack's config. */
export function secretNames(): (of: ObjectSpec) => Secret {
  const names = new Identifiers();
  return (of) => new Secret(names.take("database" in of ? `${of.database} ${of.name} secret` : `${of.name} secret`));
}
