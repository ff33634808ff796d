import { keyNamed, keyParts, objectKey } from "../object-key";
import type { ObjectKind } from "../spec";
import { type GrantSpec, granteeOf } from "./grant";
import type { GrantsSpec } from "./grants";
import { sortedNames } from "./names";
import { policyName, policyParts } from "./row-policy";
import type { AccessSpec, RowPolicySpec, ToSpec } from "./spec";

/** What a name in a list may be: a user or a role. Of the two, the server takes the user. */
const GRANTEES: readonly ObjectKind[] = ["user", "role"];

/** Keys of what it may name: the profiles whose settings it takes, users and roles. There may be no object of such a key. */
export function referencesOf(spec: AccessSpec): string[] {
  const people = namesIn(spec).flat();
  return spec.kind === "rowPolicy" ? [...people, policyOn(spec)] : people;
}

/** The key of what a policy filters: a table, a view, or a database. */
export function policyOn({ name }: RowPolicySpec): string {
  const { database, table } = policyParts(name);
  return objectKey(database, table);
}

/** For each name that it has, the keys of which one has to exist. */
export function namesIn(spec: AccessSpec): (readonly string[])[] {
  const profiles = "profiles" in spec ? spec.profiles.map((name) => [profileKey(name)]) : [];
  const to = "appliesTo" in spec ? spec.appliesTo.names : [];
  const grantees = "grantees" in spec ? spec.grantees.names : [];
  return [...profiles, ...[...to, ...grantees].map((name) => granteeKeys([name]))];
}

function profileKey(name: string): string {
  return keyNamed("settingsProfile", undefined, name);
}

/** Keys of the grantee, and of its roles. There may be no object of such a key. */
export function granteesIn(spec: GrantsSpec | GrantSpec): string[] {
  const roles = (spec.roles ?? []).map(({ role }) => keyNamed("role", undefined, role));
  return [...granteeKeys([granteeOf(spec)]), ...roles];
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
  const to = ({ all, names }: ToSpec): ToSpec => ({
    all,
    names: sortedNames(names.map((name) => nameOf(name, granteeKeys([name])))),
  });
  return {
    ...spec,
    ...(spec.kind === "rowPolicy" && { name: nameAfter(spec, renamed) }),
    ...("profiles" in spec && { profiles: spec.profiles.map((name) => nameOf(name, [profileKey(name)])) }),
    ...("appliesTo" in spec && { appliesTo: to(spec.appliesTo) }),
    ...("grantees" in spec && { grantees: to(spec.grantees) }),
  };
}

/** The full name of a policy once its table, or its database, has another name. */
function nameAfter({ name }: RowPolicySpec, renamed: (key: string) => string | undefined): string {
  const { policy, database, table } = policyParts(name);
  const own = table === undefined ? undefined : renamed(objectKey(database, table));
  if (own !== undefined) {
    const { database: to, name: now } = keyParts(own);
    return policyName({ policy, database: to, ...(now !== undefined && { table: now }) });
  }
  return policyName({
    policy,
    database: renamed(objectKey(database)) ?? database,
    ...(table !== undefined && { table }),
  });
}
