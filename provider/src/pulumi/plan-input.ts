import { renderShown, type ShownStep } from "../plan";
import type { Inputs } from "./state";

/** A plan as inputs: its text for people, and the same as data. Neither, if nothing runs. */
export function planInput(steps: readonly ShownStep[]): Pick<Inputs, "plan" | "__plan"> {
  return steps.length === 0 ? {} : { plan: renderShown(steps), __plan: JSON.stringify(steps) };
}

/** The steps with comment lines about their cost, after the last one. */
export function withNotes(steps: readonly ShownStep[], notes: readonly string[]): ShownStep[] {
  const last = steps.at(-1);
  if (last === undefined || notes.length === 0) return [...steps];
  return [...steps.slice(0, -1), { ...last, notes: [...(last.notes ?? []), ...notes] }];
}
