import { quoteIdentifier } from "../identifiers";
import type { Lattice } from "./lattice";
import { type Rule, VERBS, type Verb } from "./points";
import { byRegion, columnOf, type Region, reaches, regionKey, tableRegion, targetOf } from "./region";

/** GRANT or REVOKE of several privileges on one target. */
export interface Clause {
  readonly verb: Verb;
  /** E.g. `SELECT(id, tenant), INSERT ON shop.orders`. */
  readonly text: string;
  /** What it does. */
  readonly rules: readonly Rule[];
}

/** Rules as they are written: one for each verb and target, wider targets first. */
export function clausesOf(lattice: Lattice, rules: readonly Rule[]): Clause[] {
  const groups = new Map<string, { readonly verb: Verb; readonly target: Region; readonly rules: Rule[] }>();
  for (const rule of rules) {
    for (const [level, leaves] of byObjectLevel(lattice, rule)) {
      const target = level === "" ? tableRegion(rule.region) : { ...rule.region, isObject: true };
      const key = `${regionKey(target)}\0${rule.verb}\0${level}`;
      const group = groups.get(key) ?? { verb: rule.verb, target, rules: [] };
      group.rules.push({ ...rule, leaves });
      groups.set(key, group);
    }
  }
  // Of privileges on objects there may be several clauses with the same verb and target.
  return [...groups.values()]
    .flatMap(({ verb, target, rules: own }) => {
      const list = privilegesIn(lattice, own, target);
      if (list.length === 0) return [];
      return [{ target, clause: { verb, text: `${list.join(", ")} ON ${targetOf(target)}`, rules: own } }];
    })
    .sort(
      ({ target: a, clause: one }, { target: b, clause: other }) =>
        byRegion(a, b) || VERBS.indexOf(one.verb) - VERBS.indexOf(other.verb) || (one.text < other.text ? -1 : 1),
    )
    .map(({ clause }) => clause);
}

/** The statement. @param grantee unquoted. */
export function statementOf({ verb, text }: Pick<Clause, "verb" | "text">, grantee: string): string {
  const name = quoteIdentifier(grantee);
  if (verb === "grant") return `GRANT ${text} TO ${name}`;
  if (verb === "grant-with-option") return `GRANT ${text} TO ${name} WITH GRANT OPTION`;
  return `REVOKE ${verb === "revoke-option" ? "GRANT OPTION FOR " : ""}${text} FROM ${name}`;
}

/**
 * Privileges on objects stand apart from those on names, and from those on objects of another sort: a list cannot hold both, or, on 24.8, takes
 * them away so that the grantee is gone after a restart. Only ALL means all of them.
 */
function byObjectLevel(lattice: Lattice, { leaves, region }: Rule): Map<string, ReadonlySet<string>> {
  const isAll = lattice.leavesOf("ALL").every((leaf) => leaves.has(leaf));
  const levels = new Map<string, Set<string>>();
  for (const leaf of leaves) {
    const { on, level } = lattice.reachOf(leaf);
    const key = on === "object" && !(region.parts.length === 0 && isAll) ? level : "";
    levels.set(key, (levels.get(key) ?? new Set<string>()).add(leaf));
  }
  return levels;
}

/** Privileges of rules on one target: those on all of it, then those on columns. */
function privilegesIn(lattice: Lattice, rules: readonly Rule[], target: Region): string[] {
  const columns = new Map<string, string[]>();
  const whole = new Set<string>();
  for (const { leaves, region } of rules) {
    const column = columnOf(region);
    for (const leaf of leaves) {
      if (column === undefined) whole.add(leaf);
      else columns.set(leaf, [...(columns.get(leaf) ?? []), column]);
    }
  }
  return [
    ...namesOf(lattice, whole, target, rules[0]?.verb),
    ...[...columns]
      .map(([leaf, list]) => `${leaf}(${[...new Set(list)].sort().map(quoteIdentifier).join(", ")})`)
      .sort(),
  ];
}

/** Names for privileges, by groups where all of one that can be granted there are meant. @param verb what is done to them. */
export function namesOf(lattice: Lattice, leaves: ReadonlySet<string>, region: Region, verb: Verb = "grant"): string[] {
  const grantable = (name: string): readonly string[] =>
    lattice.leavesOf(name).filter((leaf) => reaches(lattice.reachOf(leaf), region));
  const visit = (name: string): string[] => {
    const own = grantable(name);
    if (!own.some((leaf) => leaves.has(leaf))) return [];
    const isGroup = own.length > 1 && !region.isObject;
    if (own.every((leaf) => leaves.has(leaf)) && (isGroup || own[0] === name)) return [name];
    // A right that is a group as well brings along what is in it. It goes by itself with any of that.
    if (own.includes(name) && leaves.has(name) && verb.startsWith("grant")) return [name];
    return lattice.childrenOf(name).flatMap(visit);
  };
  const tops = lattice.names.filter((name) => name === "ALL");
  const found = (tops.length > 0 ? tops : lattice.names).flatMap(visit);
  return [...new Set(found)];
}
