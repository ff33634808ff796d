import {
  isList,
  leavesOf,
  mapSqlIn,
  Reference,
  referencesIn,
  type Secret,
  Sql,
  type Value,
  type ValueMap,
} from "../code/value";
import { granteeOf, isGrants } from "../sql/access/grant";
import { granteeKeys, policyOn } from "../sql/access/references";
import { qualifiedName, quoteIdentifier } from "../sql/identifiers";
import { keyNamed, keyOf, objectKey } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";
import { compareDrafts, type Draft, type Drafts, dependencies, draftOf, softDependencies } from "./drafts";
import { linkNames, linkSecrets } from "./links";
import { type Needs, type Order, orderOf } from "./order";
import type { FoundRollup } from "./rollups/find";
import { partsOf } from "./rollups/parts";
import { draftOfPart, type RollupResource, rollupOf } from "./rollups/resource";
import { secretNames } from "./secrets";

/** A resource of the program; its arguments refer to other resources instead of their names. */
export interface Resource extends Draft {
  /** Its secrets, in the order of its text. */
  readonly secrets: readonly Secret[];
  /** Keys of resources that are neither in its arguments nor its database, and must come before it. */
  readonly dependsOn: readonly string[];
  /** Keys of resources that it mentions and that mention it, so that no order serves both. */
  readonly circular: readonly string[];
}

/** A resource in its file. */
export interface PlacedResource extends Resource {
  /** Name within the stack; unique among resources of its kind. */
  readonly resourceName: string;
  readonly identifier: string;
  /** File without its extension. */
  readonly file: string;
}

/** The resources in dependency order, with the dependencies: the parts of a rollup are together, under its key. */
export interface Resources {
  readonly list: readonly Resource[];
  readonly rollups: readonly RollupResource[];
  readonly order: Order;
}

/**
 * Makes resources.
 *
 * @param listed views whose columns are written, by key.
 * @param rollups that make some of the objects. One that would have to come both before and after another resource is left out.
 */
export function resourcesOf(
  given: Drafts,
  listed: ReadonlySet<string>,
  rollups: readonly FoundRollup[] = [],
): Resources {
  const drafts = new Map(given);
  for (const key of listed) {
    const draft = drafts.get(key);
    if (draft !== undefined) drafts.set(key, draftOf(draft.live, true));
  }
  const parts = new Map(rollups.map((rollup) => [keyOf(rollup.base.target), partsOf(rollup)]));
  const owners = new Map([...parts].flatMap(([key, own]) => own.map((part) => [part.key, key] as const)));
  for (const [rollup, own] of parts) for (const part of own) drafts.set(part.key, draftOfPart(part, rollup));
  const keys = [...drafts.values()].sort(compareDrafts).map(({ key }) => key);
  const known: ReadonlySet<string> = new Set(keys);
  const needs = new Map(keys.map((key) => [key, dependencies(drafts.get(key), known)]));
  const wishes = new Map(keys.map((key) => [key, softDependencies(drafts.get(key), known)]));
  const ownerOf = (key: string): string => owners.get(key) ?? key;
  const wanted = new Map(keys.map((key) => [key, new Set([...(needs.get(key) ?? []), ...(wishes.get(key) ?? [])])]));
  const order = orderOf([...new Set(keys.map(ownerOf))], byOwner(needs, ownerOf), byOwner(wishes, ownerOf));
  const circular = new Set(order.dropped.flat());
  const straight = rollups.filter(({ base }) => !circular.has(keyOf(base.target)));
  if (straight.length < rollups.length) return resourcesOf(given, listed, straight);
  const names = secretNames();
  const list = order.keys.flatMap((key) =>
    (parts.get(key)?.map((part) => part.key) ?? [key]).flatMap((one) => {
      const draft = drafts.get(one);
      return draft === undefined ? [] : [resourceOf(draft, order, names, kept(wanted, order, one, ownerOf))];
    }),
  );
  return { list, rollups: rollups.map((rollup) => rollupOf(rollup, list, known)), order };
}

/** Dependencies among rollups and objects that are in none. */
function byOwner(needs: Needs, ownerOf: (key: string) => string): Needs {
  const owned = new Map<string, Set<string>>();
  for (const [key, wanted] of needs) {
    const owner = ownerOf(key);
    const own = owned.get(owner) ?? new Set<string>();
    for (const need of wanted) if (ownerOf(need) !== owner) own.add(ownerOf(need));
    owned.set(owner, own);
  }
  return owned;
}

/** What an object needs before itself, as far as the order provides it. */
function kept(wanted: Needs, order: Order, key: string, ownerOf: (key: string) => string): ReadonlySet<string> {
  const before = order.needs.get(ownerOf(key));
  return new Set([...(wanted.get(key) ?? [])].filter((need) => before?.has(ownerOf(need))));
}

function resourceOf(
  draft: Draft,
  order: Order,
  names: (of: ObjectSpec) => Secret,
  needs: ReadonlySet<string>,
): Resource {
  const { key, live } = draft;
  const secrets: Secret[] = [];
  const take = (): Secret => {
    const secret = names(live);
    secrets.push(secret);
    return secret;
  };
  const linked = mapSqlIn(draft.args, (sql) =>
    linkSecrets(
      linkNames(sql, (name) => needs.has(name)),
      take,
    ),
  );
  const args = {
    ...linked,
    ...targetOf(live, needs),
    ...peopleOf(live, linked, needs),
    ...headOf(draft, linked, needs),
  };
  const database = "database" in live ? objectKey(live.database) : undefined;
  const inPlace = new Set(leavesOf(args).flatMap(referencesIn));
  const circular = order.dropped.flatMap(([from, to]) => (from === key ? [to] : []));
  const dependsOn = [...needs].filter((need) => need !== database && !inPlace.has(need)).sort();
  return { ...draft, args, secrets, dependsOn, circular };
}

/** A target, or what a policy filters, is passed as its resource, not as a string. */
function targetOf(live: ObjectSpec, needs: ReadonlySet<string>): ValueMap {
  const to = "to" in live ? live.to : undefined;
  const key = to && objectKey(to.database, to.name);
  if (key !== undefined && needs.has(key)) return { to: new Reference(key) };
  const on = live.kind === "rowPolicy" ? policyOn(live) : undefined;
  return on !== undefined && needs.has(on) ? { on: new Reference(on) } : {};
}

/** Users and roles are passed as resources. */
function peopleOf(live: ObjectSpec, args: ValueMap, needs: ReadonlySet<string>): ValueMap {
  if (!isGrants(live)) return {};
  const grantee = granteeKeys([granteeOf(live)]).find((key) => needs.has(key));
  const roleOf = (value: Value | undefined): Value | undefined => {
    const key = typeof value === "string" ? keyNamed("role", undefined, value) : "";
    return needs.has(key) ? new Reference(key) : value;
  };
  const { roles, defaultRoles } = args;
  return {
    ...(grantee !== undefined && { to: new Reference(grantee) }),
    ...(roles !== undefined && isList(roles) && { roles: roles.map((one) => held(one, roleOf)) }),
    ...(defaultRoles !== undefined &&
      isList(defaultRoles) && { defaultRoles: defaultRoles.map((one) => roleOf(one) ?? one) }),
  };
}

/** A role, or `{ role, adminOption }`. */
function held(value: Value, roleOf: (value: Value | undefined) => Value | undefined): Value {
  if (typeof value === "string") return roleOf(value) ?? value;
  if (typeof value !== "object" || value instanceof Sql || value instanceof Reference || !("role" in value))
    return value;
  const { role, ...rest } = value as ValueMap;
  return { role: roleOf(role), ...rest };
}

/** Plain SQL gets its database from the resource. */
function headOf({ live, plain }: Draft, args: ValueMap, needs: ReadonlySet<string>): ValueMap {
  const { sql } = args;
  if (plain === undefined || !("database" in live) || !(sql instanceof Sql)) return {};
  const key = objectKey(live.database);
  const [first, ...rest] = sql.parts;
  const at = typeof first === "string" ? first.indexOf(` ${qualifiedName(live)}`) + 1 : 0;
  if (!needs.has(key) || typeof first !== "string" || at === 0) return {};
  const tail = first.slice(at + quoteIdentifier(live.database).length);
  return { sql: new Sql([first.slice(0, at), new Reference(key), tail, ...rest]) };
}
