import type { Lattice } from "../sql/rights/lattice";
import { normalForm, type Rule, regionsIn, valueIn, type Worth, worthOf } from "../sql/rights/points";
import { EVERYTHING } from "../sql/rights/region";
import { type Clause, clausesOf } from "../sql/rights/render";
import { judge, type Moments, type OnSeveral, operationsOf } from "./grant-operations";
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

function stepwise(lattice: Lattice, from: readonly Rule[], to: readonly Rule[]): GrantPlan {
  const [before, then] = [worthOf(lattice, from), worthOf(lattice, to)];
  const moments: Moments = { gaps: [], surpluses: [] };
  const operations = operationsOf(lattice, [before, then], before, moments);
  return { steps: stepsOf(lattice, operations), ...moments };
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
  const rest = operationsOf(lattice, [before, then], between, moments);
  return { steps: [{ kind: "replace", clauses: clausesOf(lattice, plain) }, ...stepsOf(lattice, rest)], ...moments };
}

/** What may run at the same time runs in one statement where it can; rights are given before others are taken. */
function stepsOf(lattice: Lattice, operations: readonly OnSeveral[]): GrantStep[] {
  const ranks = new Map<number, Rule[]>();
  for (const { rank, verb, region, leaves } of operations)
    ranks.set(rank, [...(ranks.get(rank) ?? []), { verb, region, leaves }]);
  return [...ranks]
    .sort(([a], [b]) => a - b)
    .flatMap(([, rules]) => {
      const clauses = clausesOf(lattice, rules).map((clause): GrantStep => ({ kind: "clause", ...clause }));
      const gives = (step: GrantStep): boolean => step.kind === "clause" && step.verb.startsWith("grant");
      return [...clauses.filter(gives), ...clauses.filter((step) => !gives(step))];
    });
}
