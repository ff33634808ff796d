import { HAZARD_KINDS, type HazardKind } from "../plan/plan";
import { plural } from "../util/format";
import { lossesOf, unknownOf } from "./losses";
import type { Preview } from "./preview";
import { changesOf, type ResourceChange } from "./resources";

/** What a run can be made to fail on: a hazard, findings, or changes whose statements are unknown. */
export type Gate = HazardKind | "error" | "warning" | "unknown";

/** All of them. */
export const GATES: readonly Gate[] = [...HAZARD_KINDS, "error", "warning", "unknown"];

/**
 * Which of the gates a preview trips, one sentence each. `drops-data` also counts removed and replaced objects that keep rows, and plans
 * for which the rows could not be checked for lost values.
 */
export function tripped(preview: Preview, gates: readonly Gate[]): string[] {
  const changes = changesOf(preview);
  return [...new Set(gates)].flatMap((gate) => {
    const names = namesOf(gate);
    if (names.length === 0) return [];
    const some = names.slice(0, 5).join(", ");
    return [`${gate}: ${plural(names.length, "object")}: ${some}${names.length > 5 ? ", …" : ""}`];
  });

  function namesOf(gate: Gate): string[] {
    if (gate === "error" || gate === "warning") {
      const byUrn = new Map(changes.map(({ urn, name }) => [urn, name]));
      const found = preview.diagnostics.filter(({ severity }) => severity === gate);
      return [...new Set(found.map(({ urn }) => byUrn.get(urn ?? "") ?? "(the program)"))];
    }
    if (gate === "unknown") return unknownOf(changes).map(({ name }) => name);
    const planned = changes.filter(({ plan }) => plan.some(({ hazards }) => hazards.some(({ kind }) => kind === gate)));
    const lost = gate === "drops-data" ? lossesOf(changes, preview).map(({ change }) => change) : [];
    const open = gate === "drops-data" ? changes.filter(isOpen) : [];
    return [...new Set([...planned, ...lost, ...open].map(({ name }) => name))];
  }
}

function isOpen({ plan }: ResourceChange): boolean {
  return plan.some(({ hazards }) => hazards.some(({ unasked }) => unasked));
}
