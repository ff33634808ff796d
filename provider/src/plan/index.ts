import type { Change } from "../diff/changes";
import type { ObjectSpec } from "../sql/spec";
import { planDatabase } from "./database";
import { planMaterializedView } from "./materialized-view";
import type { Plan, PlanOptions, Step } from "./plan";
import { planRename } from "./rename";
import { planTable } from "./table";
import { planView } from "./view";

export { currentWord, hazard, NEED_ALLOW, NOT_ASKED, unasked } from "./hazards";
export type * from "./plan";
export { absentQueries, nullQuery, type ProbeQueries, pastQuery, probeQueries, unmergedQuery } from "./probe";
export { replaceStatement } from "./rebuild";
export { renderMessage, renderPlan, renderSize } from "./render";

/**
 * The steps that turn `from` into `to`, starting with a rename.
 *
 * @param changes what `diffObject(from, to)` found.
 */
export function planObject(
  from: ObjectSpec,
  to: ObjectSpec,
  changes: readonly Change[],
  options: PlanOptions = {},
): Plan {
  const renames = changes.flatMap((change) =>
    change.kind === "renamed" ? [planRename(to, change.from, change.to)] : [],
  );
  const rest = changes.filter(({ kind }) => kind !== "renamed");
  const steps: Step[] = rest.length === 0 ? [] : planKind(from, to, rest, options);
  return { steps: [...renames, ...steps] };
}

function planKind(from: ObjectSpec, to: ObjectSpec, changes: readonly Change[], options: PlanOptions): Step[] {
  if (to.kind === "database") return planDatabase(to, changes);
  if (from.kind === "table" && to.kind === "table") return planTable(from, to, changes, options);
  if (from.kind === "view" && to.kind === "view") return planView(from, to, changes, options);
  if (from.kind === "materializedView" && to.kind === "materializedView") {
    return planMaterializedView(from, to, changes, options);
  }
  throw new Error(`No plan from a ${from.kind} to a ${to.kind}: they are different objects`);
}
