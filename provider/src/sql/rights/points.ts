import type { Lattice } from "./lattice";
import { byRegion, holds, type Region, reaches, regionKey } from "./region";

/** What a statement does to a right: REVOKE takes the option with it, `revoke-option` is REVOKE GRANT OPTION FOR. */
export type Verb = "grant" | "grant-with-option" | "revoke-option" | "revoke";

/** GRANT or REVOKE of single privileges in one region. */
export interface Rule {
  readonly verb: Verb;
  readonly leaves: ReadonlySet<string>;
  readonly region: Region;
}

/** Whether somebody has a right: not, or so, or with the right to pass it on. */
export type Value = 0 | 1 | 2;

/** Where two lists of rules differ: in all of a region, except in smaller ones that are in the list too or do not differ. */
export interface Difference {
  readonly leaf: string;
  readonly region: Region;
  readonly from: Value;
  readonly to: Value;
}

/** The value after a statement. */
export function after(verb: Verb, value: Value): Value {
  if (verb === "revoke") return 0;
  if (verb === "grant-with-option") return 2;
  if (verb === "grant") return value === 2 ? 2 : 1;
  return value === 0 ? 0 : 1;
}

/** The statement that turns one value into another. */
export function verbFor(from: Value, to: Value): Verb {
  if (to === 0) return "revoke";
  if (to === 2) return "grant-with-option";
  return from === 2 ? "revoke-option" : "grant";
}

/** What one privilege is worth, by region: an ordered tree, in which a region without an entry has the value of the next wider one. */
export interface Worth {
  /** Wider regions come first. */
  readonly entries: readonly { readonly region: Region; readonly value: Value }[];
}

/**
 * What rules come to, for each privilege that they name. The last rule that holds a point decides. A right that is a group as well is there only
 * where all that is in it has the same value, and none of that from a wider region: a server shows and stores it so, and forgets it otherwise.
 */
export function worthOf(lattice: Lattice, rules: readonly Rule[]): Map<string, Worth> {
  const worths = grantedBy(lattice, rules);
  for (const [leaf, own] of worths) {
    const parts = lattice.partsOf(leaf).map((part) => [part, worths.get(part)] as const);
    if (parts.length > 0) worths.set(leaf, whole(lattice, own, parts));
  }
  return worths;
}

function whole(lattice: Lattice, own: Worth, parts: readonly (readonly [string, Worth | undefined])[]): Worth {
  const entries: { region: Region; value: Value }[] = [];
  for (const region of regionsIn(own, ...parts.map(([, worth]) => worth))) {
    const value = valueIn(own, region);
    const around = valueIn({ entries }, region);
    const areAll = (wanted: Value): boolean =>
      parts.every(([part, worth]) => !reaches(lattice.reachOf(part), region) || valueIn(worth, region) === wanted);
    // Of a narrower region only what differs from the wider one is shown: with a part covered by that, the group is not.
    const isCovered = value !== around && parts.some(([, worth]) => valueIn(outside(worth, region), region) >= value);
    const is = areAll(value) && !isCovered ? value : areAll(around) ? around : 0;
    if (is !== around) entries.push({ region, value: is });
  }
  return { entries };
}

/** Without the entry of this very region. */
function outside(worth: Worth | undefined, region: Region): Worth {
  return { entries: (worth?.entries ?? []).filter((entry) => regionKey(entry.region) !== regionKey(region)) };
}

/** As {@link worthOf}, with what a server forgets. */
export function grantedBy(lattice: Lattice, rules: readonly Rule[]): Map<string, Worth> {
  const byLeaf = new Map<string, Rule[]>();
  for (const rule of rules) {
    for (const leaf of rule.leaves) {
      if (!reaches(lattice.reachOf(leaf), rule.region)) continue;
      const list = byLeaf.get(leaf) ?? [];
      list.push(rule);
      byLeaf.set(leaf, list);
    }
  }
  return new Map([...byLeaf].map(([leaf, own]) => [leaf, { entries: entriesOf(own) }]));
}

/** The entries without those that say what the next wider one says already. */
function entriesOf(rules: readonly Rule[]): Worth["entries"] {
  const regions = [...new Map(rules.map(({ region }) => [regionKey(region), region])).values()].sort(byRegion);
  const kept: { region: Region; value: Value }[] = [];
  for (const region of regions) {
    let value: Value = 0;
    for (const rule of rules) if (holds(rule.region, region)) value = after(rule.verb, value);
    if (value !== valueIn({ entries: kept }, region)) kept.push({ region, value });
  }
  return kept;
}

/** The value in a region, apart from smaller ones in it. */
export function valueIn(worth: Worth | undefined, region: Region): Value {
  let value: Value = 0;
  for (const entry of worth?.entries ?? []) if (holds(entry.region, region)) value = entry.value;
  return value;
}

/** All regions that either names, wider ones first. */
export function regionsIn(...worths: readonly (Worth | undefined)[]): Region[] {
  const all = worths.flatMap((worth) => worth?.entries ?? []).map(({ region }) => region);
  return [...new Map(all.map((region) => [regionKey(region), region])).values()].sort(byRegion);
}

/** Where two lists differ; empty when they mean the same. */
export function differences(lattice: Lattice, from: readonly Rule[], to: readonly Rule[]): Difference[] {
  const [before, then] = [worthOf(lattice, from), worthOf(lattice, to)];
  return [...new Set([...before.keys(), ...then.keys()])].flatMap((leaf) => {
    const [one, other] = [before.get(leaf), then.get(leaf)];
    return regionsIn(one, other).flatMap((region): Difference[] => {
      const [was, is] = [valueIn(one, region), valueIn(other, region)];
      return was === is ? [] : [{ leaf, region, from: was, to: is }];
    });
  });
}

/** The one list of all that mean the same: nothing is said twice, and wider regions come first. */
export function normalForm(lattice: Lattice, rules: readonly Rule[]): Rule[] {
  return formOf(lattice, worthOf(lattice, rules));
}

/**
 * The list that gives every point what `value` makes of what several lists give it.
 *
 * @param value asked for each region that one of them names, with what each of them is worth for one privilege.
 */
export function combined(
  lattice: Lattice,
  lists: readonly (readonly Rule[])[],
  value: (worths: readonly (Worth | undefined)[], region: Region) => Value,
): Rule[] {
  const all = lists.map((rules) => worthOf(lattice, rules));
  const made = new Map<string, Worth>();
  for (const leaf of new Set(all.flatMap((worths) => [...worths.keys()]))) {
    const own = all.map((worths) => worths.get(leaf));
    const entries: { region: Region; value: Value }[] = [];
    for (const region of regionsIn(...own)) {
      const is = value(own, region);
      if (is !== valueIn({ entries }, region)) entries.push({ region, value: is });
    }
    made.set(leaf, { entries });
  }
  return formOf(lattice, made);
}

function formOf(lattice: Lattice, worths: ReadonlyMap<string, Worth>): Rule[] {
  const groups = new Map<string, { readonly verb: Verb; readonly region: Region; readonly leaves: Set<string> }>();
  for (const [leaf, { entries }] of worths) {
    const parts = lattice.partsOf(leaf).map((part) => worths.get(part));
    const said: { region: Region; value: Value }[] = [];
    for (const { region, value } of entries) {
      const around = valueIn({ entries: said }, region);
      // That a group is not there as a whole follows from what is in it.
      const follows = value === 0 && parts.some((part) => valueIn(part, region) > 0);
      if (follows || value === around) continue;
      said.push({ region, value });
      const verb = verbFor(around, value);
      const key = `${verb}\0${regionKey(region)}`;
      const group = groups.get(key) ?? { verb, region, leaves: new Set<string>() };
      group.leaves.add(leaf);
      groups.set(key, group);
    }
  }
  return inOrder([...groups.values()]);
}

/** As a server stores them: what is in a region comes after it, so that the narrower one wins, and of the same what takes away. */
export function inOrder(rules: readonly Rule[]): Rule[] {
  return [...rules].sort((a, b) => byRegion(a.region, b.region) || VERBS.indexOf(a.verb) - VERBS.indexOf(b.verb));
}

/** In the order in which they are written. */
export const VERBS: readonly Verb[] = ["grant", "grant-with-option", "revoke-option", "revoke"];
