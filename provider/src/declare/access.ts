import { limitsOf, literalOf } from "../sql/access/limits";
import { NOBODY, sortedNames } from "../sql/access/names";
import type { LimitSpec, Limits, ToSpec } from "../sql/access/spec";
import { quoteString } from "../sql/identifiers";
import { didYouMean } from "../util/near";
import { describe, isObject, join, listAt, objectAt, type Problems, type Raw, textList } from "./fields";

const CHANGES: Readonly<Record<string, NonNullable<LimitSpec["change"]>>> = {
  never: "CONST",
  always: "WRITABLE",
  "even-readonly": "CHANGEABLE_IN_READONLY",
};

/** `profiles` and `settings`. @param profiles the argument that names the profiles. */
export function limitsAt(raw: Raw, profiles: string, problems: Problems): Limits {
  const given = raw["settings"] ?? {};
  if (!isObject(given)) problems.add("settings", `expected a map from setting to value, found ${describe(given)}`);
  const limits = Object.entries(isObject(given) ? given : {}).map(([name, one]) => limitAt(name, one, problems));
  return limitsOf(namesAt(raw, profiles, problems), limits);
}

function limitAt(name: string, given: unknown, problems: Problems): LimitSpec {
  const path = join("settings", name);
  if (!isObject(given)) return { name, value: valueAt(given, path, problems) ?? "''" };
  const raw = objectAt(given, path, ["value", "min", "max", "change"], problems);
  const at = (key: string): string | undefined => valueAt(raw[key], join(path, key), problems);
  const [value, min, max] = [at("value"), at("min"), at("max")];
  const change = changeAt(raw["change"], join(path, "change"), problems);
  if (value === undefined && min === undefined && max === undefined && change === undefined) {
    problems.add(path, "says nothing; expected a value, min, max or change");
  }
  return {
    name,
    ...(value !== undefined && { value }),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(change !== undefined && { change }),
  };
}

function changeAt(given: unknown, path: string, problems: Problems): LimitSpec["change"] {
  if (given === undefined) return undefined;
  const known = typeof given === "string" ? CHANGES[given] : undefined;
  if (known === undefined) {
    const near = typeof given === "string" ? didYouMean(given, Object.keys(CHANGES)) : "";
    problems.add(path, `expected "never", "even-readonly" or "always", found ${describe(given)}${near}`);
  }
  return known;
}

function valueAt(given: unknown, path: string, problems: Problems): string | undefined {
  if (given === undefined) return undefined;
  if (typeof given === "boolean") return given ? "1" : "0";
  if (typeof given === "number" && Number.isFinite(given)) return literalOf(String(given), false);
  if (typeof given === "string") return quoteString(given);
  problems.add(path, `expected a text, a number or a boolean, found ${describe(given)}`);
  return undefined;
}

/** Names of users, roles or profiles, in their order. */
export function namesAt(raw: Raw, key: string, problems: Problems): string[] {
  return textList(listAt(raw, key, "", problems), key, problems);
}

/** `to`: a list of users and roles, "all", or all with exceptions. */
export function toAt(raw: Raw, problems: Problems): ToSpec {
  const given = raw["to"];
  if (given === undefined) return NOBODY;
  if (given === "all") return { all: true, names: [] };
  if (Array.isArray(given)) return { all: false, names: sortedNames(textList(given, "to", problems)) };
  if (!isObject(given)) {
    problems.add("to", `expected a list of users and roles, "all", or { except: […] }, found ${describe(given)}`);
    return NOBODY;
  }
  const { except } = objectAt(given, "to", ["except"], problems);
  if (!Array.isArray(except))
    problems.add("to.except", `expected a list of users and roles, found ${describe(except)}`);
  return { all: true, names: sortedNames(textList(Array.isArray(except) ? except : [], "to.except", problems)) };
}
