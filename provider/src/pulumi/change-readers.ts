import { applyPlan } from "../apply/apply-plan";
import { newOperation } from "../apply/rebuild";
import { takesConstraints } from "../clickhouse/engines";
import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";
import { mentionedNames } from "../lineage/mentions";
import { awaitRunningInserts } from "../operation/inserts-awaited";
import { type Plan, remark, type ShownStep } from "../plan";
import { quotedName } from "../sql/object-key";
import type { Context } from "./context";
import { tableOf } from "./current-state";
import type { First } from "./first";
import type { Planned } from "./planning";

/** For the plan of what they read. @param changes of that. */
export function firstSteps(first: readonly First[], changes: Planned["changes"]): ShownStep[] {
  const steps = first.flatMap(({ shown }) => shown);
  if (first.length === 0 || !isFelt(changes)) return steps;
  const says = isRetyped(changes)
    ? "refuses inserts for a moment (error 469: clients should retry), because no query of a view takes rows of both types"
    : "waits for inserts under way, which may still go through readers as they were; none is refused";
  return [...steps, remark(`-- then ${says}`)];
}

/** Whether an insert that began before may fail after it. */
function isFelt(changes: Planned["changes"]): boolean {
  return changes.some(({ kind }) => kind === "column-dropped") || isRetyped(changes);
}

function isRetyped(changes: Planned["changes"]): boolean {
  return changes.some(({ kind }) => kind === "column-retyped");
}

/** A query that reads its source's columns converted, as one in between does. */
const CONVERTS = /FROM\s+\(\s*SELECT\b[^()]*\bCAST\(/;

/**
 * Waits for inserts that may still go through materialized views as they were, before columns are dropped or retyped that these have read:
 * this run has changed the views, or one that was interrupted. So does a view that read them converted. Costs a query, unless inserts run.
 *
 * @param before statement of the object.
 */
export async function awaitOldInserts(
  context: Context,
  connection: Connection,
  key: string,
  changes: Planned["changes"],
  before = "",
): Promise<void> {
  // Blocks of an insert that began before a column was retyped still have its old type, which only the query in between takes (seen on 25.8).
  const endsInterim =
    changes.some(({ kind }) => kind === "query") && (context.changedHere.has(key) || CONVERTS.test(before));
  const why = { needs: "a change of its columns, which views have read,", meanwhile: "they are as they were" };
  if (endsInterim) return awaitRunningInserts(connection, quotedName(key), { ...why, needs: "its new query" });
  if (isFelt(changes) && (await isReadOnInsert(context, key)))
    await awaitRunningInserts(connection, quotedName(key), why);
}

/**
 * The plan of a table that views read on insert, with changes of types made while no insert is under way: blocks of one that began before still
 * have the old type, and a view goes by the new one, whatever it converts (a CAST to the type that a column is declared with is left out; seen on 25.8).
 */
export async function withRetypesGated(
  context: Context,
  key: string,
  changes: Planned["changes"],
  plan: Plan,
): Promise<Plan> {
  if (!isRetyped(changes) || (await context.clusterOf(key)) !== undefined) return plan;
  const live = await context.live.findNow(key);
  if (live === undefined || !takesConstraints(live.engine) || !(await isReadOnInsert(context, key))) return plan;
  return { steps: plan.steps.map((step) => (step.kind === "statement" ? { ...step, gated: true } : step)) };
}

async function isReadOnInsert(context: Context, key: string): Promise<boolean> {
  const readers = await context.live.allReaders();
  return readers.some(({ engine, statement }) => engine === "MaterializedView" && mentionedNames(statement).has(key));
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
  { changes = [], from, isDone, isHarmless, isOurs, key, plan }: First,
  tell: (message: string) => void,
): Promise<boolean> {
  return context.inOrder(key, async () => {
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
    await awaitOldInserts(context, connection, key, changes);
    tell(`first ${quotedName(key)}`);
    const options = { operation: newOperation(), allow: [], rebuild: "online", tell } as const;
    const gated = await withRetypesGated(context, key, changes, plan);
    await applyPlan(connection, tableOf(key), gated, options).catch((error: unknown) => {
      if (!isHarmless?.(error)) throw error;
    });
    const now = await context.live.findNow(key);
    if (now !== undefined) context.changedHere.set(key, now.statement);
    return true;
  });
}
