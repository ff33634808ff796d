import { takesConstraints } from "../clickhouse/engines";
import type { Change } from "../diff/changes";
import type { LiveObject } from "../introspect/live-object";
import { mentionedNames } from "../lineage/mentions";
import { type Plan, remark, type ShownStep } from "../plan";
import type { Context } from "./context";

/**
 * The plan of a table that views read on insert, with changes of types made while no insert is under way: blocks of one that began before still
 * have the old type, and a view goes by the new one, whatever it converts (a CAST to the type that a column is declared with is left out; seen on 25.8).
 * On a cluster, the running ones are awaited only.
 */
export async function withRetypesGated(
  context: Context,
  live: LiveObject,
  changes: readonly Change[],
  plan: Plan,
): Promise<Plan> {
  if (!isRetyped(changes) || !takesConstraints(live.engine) || !(await isReadOnInsert(context, live.key))) return plan;
  return { steps: plan.steps.map((step) => (step.kind === "statement" ? { ...step, gated: true } : step)) };
}

/** For the plan of a table whose columns get other types behind a gate. */
export function gateShown(changes: readonly Change[], plan: Plan): ShownStep[] {
  if (!isRetyped(changes) || !refusesInserts(plan)) return [];
  return [
    remark(
      "-- inserts are refused for a moment (error 469: clients should retry), because no view that reads them takes rows of both types:",
    ),
  ];
}

/** Whether all its statements refuse inserts while they run, and so await those that began before. */
export function refusesInserts({ steps }: Plan): boolean {
  const statements = steps.flatMap((step) => (step.kind === "statement" ? [step] : []));
  return statements.length > 0 && statements.every(({ gated }) => gated);
}

export function isRetyped(changes: readonly Change[]): boolean {
  return changes.some(({ kind }) => kind === "column-retyped");
}

/** Whether a materialized view reads what is inserted into a table. */
export async function isReadOnInsert(context: Context, key: string): Promise<boolean> {
  const readers = await context.live.allReaders();
  return readers.some(({ engine, statement }) => engine === "MaterializedView" && mentionedNames(statement).has(key));
}
