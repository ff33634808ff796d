import { applyPlan } from "../apply/apply-plan";
import { newOperation } from "../apply/rebuild";
import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";
import { awaitRunningInserts } from "../operation/inserts-awaited";
import { type Plan, remark, type ShownStep } from "../plan";
import { quotedName } from "../sql/object-key";
import type { Context } from "./context";
import { tableOf } from "./current-state";
import type { First } from "./first";
import { isReadOnInsert, isRetyped, refusesInserts } from "./gated-retypes";
import type { Planned } from "./planning";

/** For the plan of what they read. @param planned of that. */
export function firstSteps(first: readonly First[], { changes, plan }: Pick<Planned, "changes" | "plan">): ShownStep[] {
  const waits = first.length > 0 && isFelt(changes) && !refusesInserts(plan);
  return [
    ...first.flatMap(({ shown }) => shown),
    ...(waits
      ? [
          remark(
            "-- then waits for inserts under way, which may still go through readers as they were; none is refused",
          ),
        ]
      : []),
  ];
}

/** Whether an insert that began before may fail after it. */
function isFelt(changes: Planned["changes"]): boolean {
  return changes.some(({ kind }) => kind === "column-dropped") || isRetyped(changes);
}

/** A query that reads its source's columns converted, as one in between does. */
const CONVERTS = /FROM\s+\(\s*SELECT\b[^()]*\bCAST\(/;

/**
 * Waits for inserts that may still go through materialized views as they were, before columns are dropped or retyped that these have read:
 * this run has changed the views, or one that was interrupted. So does a view that read them converted. Costs a query, unless inserts run.
 *
 * @param plan of the change: where it refuses inserts, it awaits them itself.
 * @param before statement of the object.
 */
export async function awaitOldInserts(
  context: Context,
  connection: Connection,
  key: string,
  changes: Planned["changes"],
  plan?: Plan,
  before = "",
): Promise<void> {
  // Blocks of an insert that began before a column was retyped still have its old type, which only the query in between takes (seen on 25.8).
  const endsInterim =
    changes.some(({ kind }) => kind === "query") && (context.changedHere.has(key) || CONVERTS.test(before));
  const why = { needs: "a change of its columns, which views have read,", meanwhile: "they are as they were" };
  if (endsInterim) return awaitRunningInserts(connection, quotedName(key), { ...why, needs: "its new query" });
  if (plan !== undefined && refusesInserts(plan)) return;
  if (isFelt(changes) && (await isReadOnInsert(context, key)))
    await awaitRunningInserts(connection, quotedName(key), why);
}

/** Waits for inserts that began before other views wrote what a view is going to read. @throws {Postponed} after ten minutes. */
export function awaitWriters(connection: Connection, key: string): Promise<void> {
  const why = { needs: "its new query, which reads what other views write,", meanwhile: "it is as it was" };
  return awaitRunningInserts(connection, quotedName(key), why);
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
  for (const one of first) changed = (await changeOne(context, connection, one, tell)) || changed;
  return changed;
}

function changeOne(
  context: Context,
  connection: Connection,
  { changes = [], from, isDone, isHarmless, isOurs, key, plan, waits }: First,
  tell: (message: string) => void,
): Promise<boolean> {
  return context.turns.ofObject(key, async () => {
    const live = await context.live.findNow(key);
    if (live === undefined || (await isDone(live))) return false;
    const isMoved = from !== undefined && live.statement !== from && !isOurs?.(live);
    // Another row has planned it from something later, for the same declarations.
    if (isMoved && live.statement === context.changedHere.get(key)) return false;
    if (isMoved) {
      throw new SchemaError(
        "plan-changed",
        `${quotedName(key)}: is no longer what the preview saw, so nothing more was done. Look at the new preview and run again`,
      );
    }
    if (waits) await awaitWriters(connection, key);
    await awaitOldInserts(context, connection, key, changes, plan);
    tell(`first ${quotedName(key)}`);
    const options = { operation: newOperation(), allow: [], rebuild: "online", tell } as const;
    await applyPlan(connection, tableOf(key), plan, options).catch((error: unknown) => {
      if (!isHarmless?.(error)) throw error;
    });
    const now = await context.live.findNow(key);
    if (now !== undefined) context.changedHere.set(key, now.statement);
    return true;
  });
}
