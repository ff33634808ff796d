import { applyPlan } from "../apply/apply-plan";
import { newOperation } from "../apply/rebuild";
import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";
import type { Plan, ShownStep } from "../plan";
import { quotedName } from "../sql/object-key";
import type { Context } from "./context";
import type { First } from "./first";

/** For the plan of what they read. */
export function firstSteps(first: readonly First[]): ShownStep[] {
  const refused =
    "-- inserts are refused for a moment (error 469: clients should retry) while columns are dropped: one under way may still go through readers as they were";
  return [
    ...first.flatMap(({ shown }) => shown),
    ...(first.some(({ gated }) => gated) ? [{ sql: refused, hazards: [] }] : []),
  ];
}

/** The plan of what they read, when they have been changed. */
export function planAfter(first: readonly First[], plan: Plan): Plan {
  if (!first.some(({ gated }) => gated)) return plan;
  const steps = plan.steps.map((step) =>
    step.kind === "statement" && step.dropsColumn ? { ...step, gated: true } : step,
  );
  return { ...plan, steps };
}

/**
 * Changes what has to be changed first, unless another resource of this run has done so by now.
 *
 * @returns whether anything was changed.
 * @throws {SchemaError} when a reader is no longer what the preview saw.
 */
export async function changeFirst(
  context: Context,
  connection: Connection,
  first: readonly First[],
  tell: (message: string) => void,
): Promise<boolean> {
  let changed = false;
  for (const { key, from, isDone, isHarmless, isOurs, plan } of first) {
    const live = await context.live.findNow(key);
    if (live === undefined || (await isDone(live))) continue;
    if (from !== undefined && live.statement !== from && !isOurs?.(live)) {
      throw new SchemaError(
        "plan-changed",
        `${quotedName(key)}: is no longer what the preview saw, so nothing more was done. Look at the new preview and run again`,
      );
    }
    tell(`first ${quotedName(key)}`);
    const options = { operation: newOperation(), allow: [], rebuild: "online", tell } as const;
    await applyPlan(connection, undefined, plan, options).catch((error: unknown) => {
      if (!isHarmless?.(error)) throw error;
    });
    context.live.forget(key);
    changed = true;
  }
  return changed;
}
