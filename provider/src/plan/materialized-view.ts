import type { Change } from "../diff/changes";
import { qualifiedName } from "../sql/identifiers";
import type { MaterializedViewSpec } from "../sql/spec";
import { type Command, mergeAlters, PHASE } from "./alter";
import { commentColumn, modifyComment } from "./column-text";
import { hazard } from "./hazards";
import type { Hazard, PlanOptions, Step, ViewStep } from "./plan";
import { modifySecurity } from "./view";

/** ALTER for the query and its surroundings; a protocol if the view has to be replaced. */
export function planMaterializedView(
  from: MaterializedViewSpec,
  to: MaterializedViewSpec,
  changes: readonly Change[],
  options: PlanOptions,
): Step[] {
  const commands: Command[] = [];
  const reasons: string[] = [];
  const columnComments: Command[] = [];
  let changesQuery = false;
  let kind: ViewStep["kind"] | undefined;
  for (const change of changes) {
    switch (change.kind) {
      case "renamed":
        break;
      case "query":
      case "view-columns":
        changesQuery = true;
        break;
      case "comment":
        commands.push(modifyComment(change.to));
        break;
      case "column-comment":
        columnComments.push(commentColumn(change.name, change.to));
        if (from.to !== undefined || to.to !== undefined) break;
        kind ??= "recreate-view";
        reasons.push(
          "the engine passes over COMMENT COLUMN on a view with an inner table: declare a target of its own",
        );
        break;
      case "security":
        commands.push(modifySecurity(to.security));
        break;
      case "refresh":
        if (canReschedule(change.from, change.to)) {
          commands.push({ sql: `MODIFY REFRESH ${change.to}`, takesList: true });
        } else {
          kind = "recreate-view";
          reasons.push(refreshReason(change.from, change.to));
        }
        break;
      case "target":
        kind ??= change.from && change.to ? "retarget-view" : change.to ? "externalise-view" : "recreate-view";
        reasons.push(`target ${shownTarget(change.from)} → ${shownTarget(change.to)}`);
        break;
      case "inner-table":
        kind = "recreate-view";
        reasons.push("the inner table has another layout, which no ALTER of a view can give it");
        break;
      default:
        throw new Error(`A materialized view has no ${change.kind}`);
    }
  }
  if (kind === undefined) {
    const query = changesQuery ? [modifyQuery(to, options), ...allComments(from, to)] : columnComments;
    return mergeAlters(qualifiedName(to), [...commands, ...query], options);
  }
  return [viewStep(kind, from, to, reasons, options)];
}

function modifyQuery(to: MaterializedViewSpec, options: PlanOptions): Command {
  const stay = "rows in the target stay as the old query computed them";
  const message = replaces(to)
    ? "the target follows the new query from the next refresh on"
    : to.refresh === undefined
      ? `${stay}; only what is inserted from now on follows the new one${howToRefill(to, options)}`
      : `${stay}; each refresh from now on adds what the new one gives`;
  return {
    sql: `MODIFY QUERY ${to.query}`,
    takesList: true,
    hazards: [hazard("keeps-old-rows", message), ...missingOutputs(to, options)],
  };
}

/** The command that recomputes existing rows with the new query. */
function howToRefill(to: MaterializedViewSpec, { canRefill = true }: PlanOptions): string {
  return to.to === undefined || !canRefill
    ? ""
    : `. To recompute those: npx clickhouse-schema backfill --view ${qualifiedName(to)}`;
}

/** MODIFY QUERY recreates the column list and loses its comments; a new output can only be commented on once it exists. */
function allComments(from: MaterializedViewSpec, { to, columns }: MaterializedViewSpec): Command[] {
  if (to === undefined) return [];
  const known = new Set(from.columns.map(({ name }) => name));
  return columns.flatMap(({ name, comment }) => {
    if (comment === undefined) return [];
    return [{ ...commentColumn(name, comment), ...(!known.has(name) && { phase: PHASE.after }) }];
  });
}

/** MODIFY QUERY accepts an output that the target lacks, and its values are silently lost. */
function missingOutputs({ name, to, columns }: MaterializedViewSpec, { targetColumns }: PlanOptions): Hazard[] {
  if (to === undefined || targetColumns === undefined) return [];
  const known = new Set(targetColumns);
  return columns
    .filter((column) => !known.has(column.name))
    .map((column) =>
      hazard(
        "drops-data",
        `${name} writes ${column.name}, which ${qualifiedName(to)} does not have: the engine takes the query and drops the ` +
          `values. Add the column to ${qualifiedName(to)} or rename the output`,
      ),
    );
}

/** Only the schedule of a refreshable view can change: not whether it is refreshable, nor APPEND. */
function canReschedule(from: string | undefined, to: string | undefined): boolean {
  return from !== undefined && to !== undefined && appends(from) === appends(to);
}

/** Whether a refresh of the view replaces the contents of its target. */
export function replaces({ refresh }: MaterializedViewSpec): boolean {
  return refresh !== undefined && !appends(refresh);
}

function appends(refresh: string): boolean {
  return /\bAPPEND$/.test(refresh);
}

function refreshReason(from: string | undefined, to: string | undefined): string {
  if (from === undefined) return `incremental → REFRESH ${to}`;
  return to === undefined
    ? `REFRESH ${from} → incremental`
    : `REFRESH ${from} → ${to}: the engine fixes APPEND at creation`;
}

function viewStep(
  kind: ViewStep["kind"],
  from: MaterializedViewSpec,
  to: MaterializedViewSpec,
  reasons: readonly string[],
  options: PlanOptions,
): ViewStep {
  const hazards = [
    ...missingOutputs(to, options),
    ...(from.to === undefined ? innerHazards(from, to) : targetHazards(from, to)),
  ];
  return Object.freeze({
    kind,
    from: { ...from, database: to.database, name: to.name },
    to,
    reasons,
    hazards,
  });
}

/** What happens to rows in the view's inner table. */
function innerHazards(from: MaterializedViewSpec, to: MaterializedViewSpec): Hazard[] {
  const name = qualifiedName(to);
  if (replaces(to)) {
    if (to.to !== undefined) return targetHazards(from, to);
    const message = `a refresh computes all rows of ${name} again; the old ones are kept for a while`;
    return [hazard("keeps-old-rows", message)];
  }
  const known = new Set(to.columns.map((column) => column.name));
  const gone = from.columns.filter((column) => !known.has(column.name)).map((column) => column.name);
  const into = to.to === undefined ? "its new inner table" : qualifiedName(to.to);
  const copied = `the rows of the inner table of ${name} are copied into ${into}, under running inserts; the old ones are kept for a while`;
  const lost = `values of ${gone.join(", ")} are lost: the new storage of ${name} does not have it`;
  return [hazard("copies-rows", copied), ...(gone.length > 0 ? [hazard("drops-data", lost)] : [])];
}

/** What happens to rows in the view's target. */
function targetHazards(from: MaterializedViewSpec, to: MaterializedViewSpec): Hazard[] {
  const [old, wanted] = [targetName(from.to), targetName(to.to)];
  if (replaces(to) && to.to !== undefined && !(replaces(from) && old === wanted)) return [renewalHazard(wanted)];
  const message =
    old === wanted
      ? `rows in ${old} stay as they are; what is written from now on is added to them`
      : `rows in ${old} stay there; ${wanted} gets what is written from now on`;
  return [hazard("keeps-old-rows", message)];
}

/** For a view whose refresh replaces the contents of a table. */
export function renewalHazard(target: string): Hazard {
  const message = `every refresh replaces the rows of ${target}: those that are in it now are gone with the first; append: true keeps them`;
  return hazard("drops-data", message);
}

/** For use in a sentence. */
function targetName(target: MaterializedViewSpec["to"]): string {
  return target === undefined ? "the view's inner table" : qualifiedName(target);
}

/** For use beside an arrow. */
function shownTarget(target: MaterializedViewSpec["to"]): string {
  return target === undefined ? "(inner table)" : qualifiedName(target);
}
