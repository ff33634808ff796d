import type { Hazard, Plan, Step } from "./plan";

/** A plan as text for people, one statement or step after the other, each with what it costs. Nothing to do is an empty text. */
export function renderPlan({ steps }: Plan): string {
  return steps.map((step) => [...renderStep(step), ...step.hazards.map(renderHazard)].join("\n")).join("\n\n");
}

/** `-- drops-data: …`, a comment, so that the text can be pasted into a client. */
function renderHazard({ kind, message }: Hazard): string {
  return `-- ${kind}: ${message}`;
}

function renderStep(step: Step): string[] {
  switch (step.kind) {
    case "statement":
      return [`${step.sql};`];
    case "rename":
      return [`${step.sql};`];
    case "rebuild":
      return [`-- rebuild ${step.to.database}.${step.to.name}, because:`, ...step.reasons.map(renderReason)];
    case "retarget-view":
    case "externalise-view":
    case "recreate-view":
      return [`-- ${step.kind} ${step.to.database}.${step.to.name}, because:`, ...step.reasons.map(renderReason)];
    default:
      return unreachable(step);
  }
}

function renderReason(reason: string): string {
  return `--   ${reason}`;
}

function unreachable(step: never): never {
  throw new Error(`No text for ${JSON.stringify(step)}`);
}
