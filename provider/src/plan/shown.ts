import { propertiesOf } from "../util/properties";
import { hazardCalled } from "./hazards";
import type { HazardKind } from "./plan";

/** One step of a plan as a preview shows it. Stored as JSON beside the text, so that reports and gates need not read the text. */
export interface ShownStep {
  /** The statement, or a comment that says what runs; empty if it may be secret. */
  readonly sql: string;
  readonly hazards: readonly ShownHazard[];
  /** Comment lines about cost and inserts. */
  readonly notes?: readonly string[];
  /** What runs, where the statement may be secret. */
  readonly secret?: string;
}

export interface ShownHazard {
  readonly kind: HazardKind;
  readonly message: string;
  /** The rows were not checked, so whether values are lost is unknown. */
  readonly unasked?: true;
}

/** A step that is only a comment. */
export function remark(comment: string): ShownStep {
  return { sql: comment, hazards: [] };
}

/** The text of a plan: statements and comments, which can be pasted into a client. */
export function renderShown(steps: readonly ShownStep[]): string {
  return steps.map((step, index) => `${index === 0 ? "" : gap(steps[index - 1], step)}${renderStep(step)}`).join("");
}

function gap(before: ShownStep | undefined, step: ShownStep): string {
  return before?.secret !== undefined && step.secret !== undefined ? "\n" : "\n\n";
}

function renderStep({ hazards, notes = [], secret, sql }: ShownStep): string {
  if (secret !== undefined) {
    const kinds = new Set([secret, ...hazards.map(({ kind }) => kind)]);
    return [`-- (secret) ${[...kinds].join(", ")}`, ...notes].join("\n");
  }
  return [sql, ...hazards.map(({ kind, message }) => `-- ${kind}: ${message}`), ...notes].join("\n");
}

/** Reads stored steps, also those of later versions: unknown hazards are left out. @returns undefined if there are none. */
export function readShown(json: unknown): ShownStep[] | undefined {
  if (typeof json !== "string") return undefined;
  try {
    const steps: unknown = JSON.parse(json);
    return Array.isArray(steps) ? steps.flatMap(stepOf) : undefined;
  } catch {
    return undefined;
  }
}

function stepOf(value: unknown): ShownStep[] {
  const { hazards, notes, secret, sql } = propertiesOf(value);
  if (typeof sql !== "string") return [];
  return [
    {
      sql,
      hazards: Array.isArray(hazards) ? hazards.flatMap(hazardOf) : [],
      ...(Array.isArray(notes) && { notes: notes.map(String) }),
      ...(typeof secret === "string" && { secret }),
    },
  ];
}

function hazardOf(value: unknown): ShownHazard[] {
  const { kind, message, unasked } = propertiesOf(value);
  const known = typeof kind === "string" ? hazardCalled(kind) : undefined;
  if (known === undefined) return [];
  return [{ kind: known, message: typeof message === "string" ? message : "", ...(unasked === true && { unasked }) }];
}
