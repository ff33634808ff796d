import { HAZARD_KINDS, type HazardKind } from "../plan/plan";
import type { ShownStep } from "../plan/shown";

/** How each kind is shown. */
export const HAZARDS: Readonly<Record<HazardKind, { readonly label: string; readonly sign: string }>> = {
  "drops-data": { label: "drops data", sign: "⛔" },
  "doubles-rows": { label: "doubles rows", sign: "👯" },
  "breaks-reader": { label: "breaks a reader", sign: "💥" },
  "locks-out": { label: "locks out", sign: "🔒" },
  unproven: { label: "unproven", sign: "🧪" },
  "widens-access": { label: "widens access", sign: "🔓" },
  "narrows-access": { label: "narrows access", sign: "🔑" },
  "may-fail": { label: "may fail", sign: "⚠️" },
  "keeps-old-rows": { label: "keeps old rows", sign: "🕓" },
  "copies-rows": { label: "copies rows", sign: "📦" },
  "rewrites-parts": { label: "rewrites parts", sign: "🔁" },
  "metadata-only": { label: "metadata only", sign: "⚡" },
};

const COSTS: readonly HazardKind[] = ["drops-data", "doubles-rows", "copies-rows", "rewrites-parts", "metadata-only"];

/** The cost of a step: the most expensive of its cost classes; undefined when its hazards name none. */
export function costOf({ hazards }: Pick<ShownStep, "hazards">): HazardKind | undefined {
  return COSTS.find((cost) => hazards.some(({ kind }) => kind === cost));
}

/** The worst hazard of a step. */
export function worstOf({ hazards }: Pick<ShownStep, "hazards">): HazardKind | undefined {
  return HAZARD_KINDS.find((kind) => hazards.some((one) => one.kind === kind));
}
