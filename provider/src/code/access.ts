import { plainValue } from "../sql/access/limits";
import { NOBODY } from "../sql/access/names";
import type { LimitSpec, Limits, ToSpec } from "../sql/access/spec";
import type { Value } from "./value";

const CHANGES = { CONST: "never", WRITABLE: "always", CHANGEABLE_IN_READONLY: "even-readonly" } as const;

/** `settings` as arguments. */
export function limitArguments({ limits }: Pick<Limits, "limits">): Value | undefined {
  return limits.length === 0 ? undefined : Object.fromEntries(limits.map((one) => [one.name, limitOf(one)]));
}

function limitOf({ value, min, max, change }: LimitSpec): Value {
  if (value !== undefined && min === undefined && max === undefined && change === undefined) return plainOf(value);
  return {
    value: value === undefined ? undefined : plainOf(value),
    min: min === undefined ? undefined : plainOf(min),
    max: max === undefined ? undefined : plainOf(max),
    change: change && CHANGES[change],
  };
}

/** A number stays exact: a larger one is text. */
function plainOf(literal: string): Value {
  const plain = plainValue(literal);
  return !literal.startsWith("'") && String(Number(plain)) === plain ? Number(plain) : plain;
}

/** `to` as an argument. */
export function toArgument({ all, names }: ToSpec = NOBODY): Value | undefined {
  if (!all) return names.length === 0 ? undefined : [...names];
  return names.length === 0 ? "all" : { except: [...names] };
}

/** A list of names; nothing for none. */
export function namesArgument(names: readonly string[]): Value | undefined {
  return names.length === 0 ? undefined : [...names];
}
