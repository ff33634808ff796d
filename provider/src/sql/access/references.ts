import { keyNamed, keyParts } from "../object-key";
import type { ObjectKind } from "../spec";
import { sortedNames } from "./names";
import type { AccessSpec } from "./spec";

/** What a name in a list may be: a user or a role. Of the two, the server takes the user. */
const GRANTEES: readonly ObjectKind[] = ["role"];

/** Keys of what it may name: the profiles whose settings it takes, users and roles. There may be no object of such a key. */
export function referencesOf(spec: AccessSpec): string[] {
  const profiles = profilesOf(spec).map((name) => keyNamed("settingsProfile", undefined, name));
  return "appliesTo" in spec ? [...profiles, ...granteeKeys(spec.appliesTo.names)] : profiles;
}

/** The keys that the names of users and roles may have. */
export function granteeKeys(names: readonly string[]): string[] {
  return names.flatMap((name) => GRANTEES.map((kind) => keyNamed(kind, undefined, name)));
}

/** As it is once what it names has other names. @param renamed the new key of an old one; undefined if it keeps its name. */
export function followRenames<Spec extends AccessSpec>(spec: Spec, renamed: (key: string) => string | undefined): Spec {
  const nameOf = (name: string, keys: readonly string[]): string => {
    const found = keys.map(renamed).find((key) => key !== undefined);
    return found === undefined ? name : (keyParts(found).name ?? name);
  };
  const profiles = profilesOf(spec).map((name) => nameOf(name, [keyNamed("settingsProfile", undefined, name)]));
  const followed = "profiles" in spec ? { ...spec, profiles } : spec;
  if (!("appliesTo" in spec)) return followed;
  const names = sortedNames(spec.appliesTo.names.map((name) => nameOf(name, granteeKeys([name]))));
  return { ...followed, appliesTo: { ...spec.appliesTo, names } };
}

function profilesOf(spec: AccessSpec): readonly string[] {
  return "profiles" in spec ? spec.profiles : [];
}
