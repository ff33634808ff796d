import type { Lattice } from "../sql/rights/lattice";
import {
  after,
  normalForm,
  type Rule,
  regionsIn,
  type Value,
  type Verb,
  valueIn,
  verbFor,
  type Worth,
  worthOf,
} from "../sql/rights/points";
import { EVERYTHING, holds, type Region, regionKey } from "../sql/rights/region";
import { type Clause, clausesOf } from "../sql/rights/render";
import type { Moment } from "./moments";

/** One statement on the rights of a grantee. */
export type GrantStep =
  | ({ readonly kind: "clause" } & Clause)
  /** GRANT of all of them WITH REPLACE OPTION: whatever else the grantee had is gone in the same moment. */
  | { readonly kind: "replace"; readonly clauses: readonly Clause[] };

/** What is to run, and whether everybody can work while it runs. */
export interface GrantPlan {
  readonly steps: readonly GrantStep[];
  /** Rights that both ends have and that are missing for a moment. */
  readonly gaps: readonly Moment[];
  /** Rights that neither end has and that are there for a moment. */
  readonly surpluses: readonly Moment[];
}

/**
 * The statements that turn what is granted into what is declared. Where single ones would take away for a moment what both ends have, one
 * GRANT … WITH REPLACE OPTION is taken, unless it would give for a moment what neither has: less for a moment is better than more.
 */
export function planGrantSteps(lattice: Lattice, from: readonly Rule[], to: readonly Rule[]): GrantPlan {
  const single = stepwise(lattice, from, to);
  if (single.gaps.length === 0 && !leavesGhosts(lattice, from, to)) return single;
  return replacedOr(single, lattice, from, to);
}

/**
 * The same for a grantee to whom others grant too: what somebody else grants in the same moment must not be replaced, so there is rather a gap.
 */
export function planSharedSteps(lattice: Lattice, from: readonly Rule[], to: readonly Rule[]): GrantPlan {
  return leavesGhosts(lattice, from, to) ? replacing(lattice, from, to) : stepwise(lattice, from, to);
}

function replacedOr(single: GrantPlan, lattice: Lattice, from: readonly Rule[], to: readonly Rule[]): GrantPlan {
  const replaced = replacing(lattice, from, to);
  if (single.gaps.length === 0) return replaced;
  const isBetter = replaced.surpluses.length <= single.surpluses.length && replaced.gaps.length < single.gaps.length;
  return isBetter ? replaced : single;
}

/**
 * ALL holds names of single sources that no REVOKE reaches, and that a restart turns into READ and WRITE of these sources (25.8): without
 * ALL, only replacing everything takes them away.
 */
function leavesGhosts(lattice: Lattice, from: readonly Rule[], to: readonly Rule[]): boolean {
  if (lattice.reachOf("READ").level !== "SOURCE") return false;
  const [before, after] = [worthOf(lattice, from), worthOf(lattice, to)];
  const hasAll = (worth: ReadonlyMap<string, Worth>): boolean =>
    ["READ", "WRITE"].every((leaf) => valueIn(worth.get(leaf), EVERYTHING) > 0);
  return hasAll(before) && !hasAll(after);
}

/** An operation on one privilege. */
interface Operation {
  readonly verb: Verb;
  readonly region: Region;
  /** Number of operations on the same privilege that have to come before. */
  readonly rank: number;
}

function stepwise(lattice: Lattice, from: readonly Rule[], to: readonly Rule[]): GrantPlan {
  const [before, then] = [worthOf(lattice, from), worthOf(lattice, to)];
  const moments: Moments = { gaps: [], surpluses: [] };
  const rules = operationsOf(before, then, before, moments);
  return { steps: stepsOf(lattice, rules), ...moments };
}

/** All that is granted at once, then options and what is taken out again. */
function replacing(lattice: Lattice, from: readonly Rule[], to: readonly Rule[]): GrantPlan {
  const wanted = normalForm(lattice, to);
  const plain = wanted
    .filter(({ verb }) => verb === "grant" || verb === "grant-with-option")
    .map((rule): Rule => ({ ...rule, verb: "grant" }));
  const [before, then, between] = [worthOf(lattice, from), worthOf(lattice, to), worthOf(lattice, plain)];
  const moments: Moments = { gaps: [], surpluses: [] };
  for (const leaf of new Set([...before.keys(), ...then.keys(), ...between.keys()])) {
    const ends = [before.get(leaf), then.get(leaf)] as const;
    const now = between.get(leaf);
    for (const region of regionsIn(...ends, now)) judge(leaf, region, ends, valueIn(now, region), moments);
  }
  const rest = operationsOf(before, then, between, moments);
  return { steps: [{ kind: "replace", clauses: clausesOf(lattice, plain) }, ...stepsOf(lattice, rest)], ...moments };
}

interface Moments {
  readonly gaps: Moment[];
  readonly surpluses: Moment[];
}

/** The operations that turn `start` into `then`, by the moment in which they can run. What happens on the way is judged by both ends. */
function operationsOf(
  before: ReadonlyMap<string, Worth>,
  then: ReadonlyMap<string, Worth>,
  start: ReadonlyMap<string, Worth>,
  moments: Moments,
): Map<string, Operation & { readonly leaves: Set<string> }> {
  const all = new Map<string, Operation & { readonly leaves: Set<string> }>();
  for (const leaf of new Set([...start.keys(), ...then.keys()])) {
    const ends = [before.get(leaf), then.get(leaf)] as const;
    for (const one of operationsOn(leaf, ends, start.get(leaf), moments)) {
      const key = `${one.rank}\0${one.verb}\0${regionKey(one.region)}`;
      const known = all.get(key) ?? { ...one, leaves: new Set<string>() };
      known.leaves.add(leaf);
      all.set(key, known);
    }
  }
  return all;
}

/** Wider regions come first, because a statement sets all that is in its region. */
function operationsOn(
  leaf: string,
  ends: readonly [Worth | undefined, Worth | undefined],
  start: Worth | undefined,
  moments: Moments,
): Operation[] {
  const regions = regionsIn(...ends, start);
  const now = new Map(regions.map((region) => [region, valueIn(start, region)]));
  const operations: Operation[] = [];
  for (const region of regions) {
    const [is, wanted] = [now.get(region) ?? 0, valueIn(ends[1], region)];
    if (is === wanted) continue;
    const verb = verbFor(is, wanted);
    const earlier = operations.filter((one) => holds(one.region, region));
    operations.push({ verb, region, rank: Math.max(-1, ...earlier.map(({ rank }) => rank)) + 1 });
    for (const inner of regions) if (holds(region, inner)) now.set(inner, after(verb, now.get(inner) ?? 0));
    for (const inner of regions) judge(leaf, inner, ends, now.get(inner) ?? 0, moments);
  }
  return operations;
}

function judge(
  leaf: string,
  region: Region,
  [before, then]: readonly [Worth | undefined, Worth | undefined],
  now: Value,
  { gaps, surpluses }: Moments,
): void {
  const [was, is] = [valueIn(before, region), valueIn(then, region)];
  const list = was > 0 && is > 0 && now === 0 ? gaps : was === 0 && is === 0 && now > 0 ? surpluses : undefined;
  if (list?.some((one) => one.leaf === leaf && regionKey(one.region) === regionKey(region)) === false)
    list.push({ leaf, region });
}

/** What may run at the same time runs in one statement where it can; rights are given before others are taken. */
function stepsOf(
  lattice: Lattice,
  operations: ReadonlyMap<string, Operation & { readonly leaves: ReadonlySet<string> }>,
): GrantStep[] {
  const ranks = new Map<number, Rule[]>();
  for (const { rank, verb, region, leaves } of operations.values())
    ranks.set(rank, [...(ranks.get(rank) ?? []), { verb, region, leaves }]);
  return [...ranks]
    .sort(([a], [b]) => a - b)
    .flatMap(([, rules]) => {
      const clauses = clausesOf(lattice, rules).map((clause): GrantStep => ({ kind: "clause", ...clause }));
      const gives = (step: GrantStep): boolean => step.kind === "clause" && step.verb.startsWith("grant");
      return [...clauses.filter(gives), ...clauses.filter((step) => !gives(step))];
    });
}
