import { renderBytes } from "../util/format";
import type { Hazard, HazardKind, Plan, RebuildStep, Step, ViewStep } from "./plan";
import { replaceStatement } from "./rebuild";
import { renderShown, type ShownHazard, type ShownStep } from "./shown";

/** The size of an object, as far as the server reports it. */
export interface Size {
  readonly rows?: number | undefined;
  /** On disk, compressed. */
  readonly bytes?: number | undefined;
}

/** Hazards whose cost grows with the size of the object. */
const GROWS: ReadonlySet<HazardKind> = new Set(["rewrites-parts", "copies-rows", "drops-data"]);

/** A plan as text for people: statements and steps in order, each with its cost. Empty if there is nothing to do. */
export function renderPlan(plan: Plan, size: Size = {}): string {
  return renderShown(showPlan(plan, size));
}

/** The same as data. */
export function showPlan({ steps }: Plan, size: Size = {}): ShownStep[] {
  return steps.map((step) => ({
    sql: renderStep(step).join("\n"),
    hazards: step.hazards.map((one) => showHazard(one, size)),
  }));
}

/** What each step costs, without its statement, which may contain secrets. */
export function showSecretPlan({ steps }: Plan): ShownStep[] {
  return steps.map(({ kind, hazards }) => ({
    sql: "",
    secret: kind,
    hazards: hazards.map(({ kind, unasked }) => ({ kind, message: SECRET, ...(unasked && { unasked }) })),
  }));
}

/** Message of a hazard whose statement may contain secrets. */
export const SECRET = "the details are secret";

/** The size of an object, for people: `1,204 rows, 3.1 MiB`; empty if unknown. */
export function renderSize({ rows, bytes }: Size): string {
  const count = rows === undefined ? [] : [`${rows.toLocaleString("en-US")} row${rows === 1 ? "" : "s"}`];
  return [...count, ...(bytes === undefined ? [] : [renderBytes(bytes)])].join(", ");
}

function showHazard(one: Hazard, size: Size): ShownHazard {
  // A count says more than the size of the object.
  const held = GROWS.has(one.kind) && one.found === undefined ? renderSize(size) : "";
  const message = `${renderMessage(one)}${held === "" ? "" : ` [${held}]`}`;
  return { kind: one.kind, message, ...(one.unasked && { unasked: true }) };
}

/** The message of a hazard, with what a query on the rows has found. */
export function renderMessage({ message, found }: Pick<Hazard, "message" | "found">): string {
  return found === undefined ? message : `${message} (${found})`;
}

function renderStep(step: Step): string[] {
  switch (step.kind) {
    case "statement":
      return [`${step.sql};`];
    case "rename":
      return [`${step.sql};`];
    case "rebuild":
      return [...because(step), ...(step.holdsRows ? [] : [`${replaceStatement(step.to)};`])];
    case "retarget-view":
    case "externalise-view":
    case "recreate-view":
      return [...because(step), ...(isGated(step) ? [`-- ${GATED}`] : [])];
    default:
      return unreachable(step);
  }
}

function because({ kind, to, reasons }: RebuildStep | ViewStep): string[] {
  return [`-- ${kind} ${to.database}.${to.name}, because:`, ...reasons.map((reason) => `--   ${reason}`)];
}

const GATED =
  "inserts into what it reads are refused for a moment (error 469: clients should retry), so that no row is lost or doubled";

/** No insert feeds a view that was refreshable and stays refreshable. */
function isGated({ from, to }: ViewStep): boolean {
  return from.refresh === undefined || to.refresh === undefined;
}

function unreachable(step: never): never {
  throw new Error(`No text for ${JSON.stringify(step)}`);
}
