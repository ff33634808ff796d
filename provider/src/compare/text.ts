import { KINDS } from "../kinds";
import { type HazardKind, hazardCalled, renderShown } from "../plan";
import type { Compared, ComparedObject, CompareStatus } from "./compare";
import { hasDifference } from "./compare";

/** Names of the two places. */
export interface Places {
  /** The one that is right. */
  readonly from: string;
  /** The one that would be changed. */
  readonly to: string;
}

const STATUS: readonly CompareStatus[] = ["differs", "missing", "extra", "not-compared", "same"];

/** For a terminal: what differs, in the order in which it would be changed, with statements and hazards; a summary as the last line. */
export function renderText({ objects }: Compared, places: Places): string {
  const parts = objects.flatMap((object) => (object.status === "same" ? [] : [renderObject(object, places)]));
  return `${[...parts, summaryOf({ objects }, places)].join("\n")}\n`;
}

/** For machines. */
export function renderJson(compared: Compared, { from, to }: Places): string {
  const { objects } = compared;
  const counts = Object.fromEntries(STATUS.map((status) => [status, countOf(objects, status)]));
  return `${JSON.stringify({ from, to, differs: hasDifference(compared), counts, hazards: hazardsOf(objects), objects }, undefined, 2)}\n`;
}

function renderObject(object: ComparedObject, places: Places): string {
  const { kind, name, reason, secret, steps } = object;
  const words = [wordsOf(object, places), reason].filter(Boolean).join("; ");
  const head = `${labelOf(object.status)}: ${KINDS[kind].word} ${name}${words === "" ? "" : `: ${words}`}`;
  const hidden = secret && steps.length > 0 ? ["(its definition is or may be secret, and is not shown)"] : [];
  const lines = [...(steps.length === 0 ? [] : renderShown(steps).split("\n")), ...hidden];
  return [head, ...lines.map((line) => (line === "" ? "" : `    ${line}`))].join("\n");
}

function labelOf(status: CompareStatus): string {
  return status === "not-compared" ? "not compared" : status;
}

function wordsOf({ differs, status }: ComparedObject, { from, to }: Places): string {
  if (status === "missing") return `is not in ${to}`;
  if (status === "extra") return `is not in ${from}`;
  return differs.join(", ");
}

function summaryOf(compared: Compared, { from, to }: Places): string {
  const { objects } = compared;
  const counts = STATUS.flatMap((status) => {
    const count = countOf(objects, status);
    return count === 0 && status !== "same" ? [] : [`${count} ${labelOf(status)}`];
  });
  const hazards = hazardsOf(objects);
  const lead = hasDifference(compared) ? "Differences" : "No difference";
  return `${lead}: ${counts.join(", ")}${hazards.length === 0 ? "" : `; hazards: ${hazards.join(", ")}`} (from ${from}, to ${to})`;
}

/** Kinds of hazard, in the order of the statements. */
function hazardsOf(objects: readonly ComparedObject[]): HazardKind[] {
  const kinds = objects.flatMap(({ steps }) => steps.flatMap(({ hazards }) => hazards.map(({ kind }) => kind)));
  return [...new Set(kinds)].flatMap((kind) => hazardCalled(kind) ?? []);
}

function countOf(objects: readonly ComparedObject[], wanted: CompareStatus): number {
  return objects.filter(({ status }) => status === wanted).length;
}
