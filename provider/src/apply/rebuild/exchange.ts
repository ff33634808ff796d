import { SchemaError } from "../../errors";
import { Postponed } from "../../operation/errors";
import { pauseMerges, stopMerges } from "../../operation/fence";
import { allowInserts, awaitInserts, blockInserts, type Gate, hasTimeLeft } from "../../operation/gate";
import { insertGraphAround } from "../../operation/insert-graph";
import { GATE_LIMIT, untilQuiet } from "../../operation/inserts-blocked";
import { type Part, partsOf } from "../../operation/parts";
import { closable, except } from "../../operation/upstream";
import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import { buildShadow, compareShadow } from "./build";
import type { RebuildContext } from "./context";
import { catchUp, copyBulk } from "./copy";
import { chunksOf, differences, highOf, isUncovered } from "./coverage";
import { awaitMerges, type Fenced, guardHeadroom, mostParts, TooManyParts } from "./headroom";
import { refuseMutations, refuseViews } from "./refusals";

/** How many times copied rows may differ in number from the table's behind a gate. */
const TRIES = 3;

/**
 * Copies the existing rows while merges run. Where rows cannot be told apart by the numbers of their blocks, merges are then held back, so that
 * the rest can be told from what is copied.
 */
export async function copyRows(context: RebuildContext): Promise<void> {
  const { journal, names, plan, runner } = context;
  if (plan.mode === "offline") context.known ??= highest(await partsOf(runner, names.table));
  if (context.byNumber) {
    await copyBulk(context);
    await context.keepExpired(names.shadow);
  } else if (!journal.get("fenced")) {
    await copyBulk(context);
    const fenced: Fenced = { parts: await mostParts(context) };
    await pauseMerges(runner, names.table);
    await journal.set("fenced", fenced);
  } else {
    // The definition stops background merges even after a restart; this stops OPTIMIZE as well.
    await stopMerges(runner, names.table);
    await context.keepExpired(names.shadow);
  }
}

/** Copies the rest, and assembles the new storage. */
export function copyRest(context: RebuildContext): Promise<void> {
  return withHeadroom(context, async (isAgain) => {
    if (!isAgain) await assemble(context);
  });
}

async function assemble(context: RebuildContext): Promise<void> {
  await catchUp(context);
  await buildShadow(context);
}

/**
 * Does work behind the fence. When too many parts come meanwhile, they are merged, and it is tried again.
 *
 * @param work is told whether the new storage was assembled anew.
 */
async function withHeadroom(context: RebuildContext, work: (isAgain: boolean) => Promise<void>): Promise<void> {
  const limit = Date.now() + (context.hooks.patience ?? GATE_LIMIT);
  for (let isAgain = false; ; isAgain = true) {
    try {
      if (isAgain) {
        await copyRows(context);
        await assemble(context);
      }
      return await work(isAgain);
    } catch (error) {
      if (!(error instanceof TooManyParts) || Date.now() > limit) throw error;
      await openGate(context);
      await awaitMerges(context);
    }
  }
}

async function openGate(context: RebuildContext): Promise<void> {
  const gate = context.journal.get<QualifiedName[]>("gate");
  if (gate === undefined) return;
  await allowInserts(context.runner, gate);
  context.gateIs(false);
}

/** The exchange: until then, readers and writers see no change. */
export function exchangeTables(context: RebuildContext): Promise<void> {
  if (context.known !== undefined) return exchangeOffline(context, context.known);
  const why = { needs: "the exchange of a table with views", meanwhile: "everything is copied, and the copy is kept" };
  const label = qualifiedName(context.names.table);
  return withHeadroom(context, () => untilQuiet(context.runner, { label, why }, () => exchangeOnline(context)));
}

/** @returns false when running inserts did not end while the gate was closed; writers then continue. */
async function exchangeOnline(context: RebuildContext): Promise<boolean> {
  const { journal, names, plan, runner, to } = context;
  await guardHeadroom(context);
  await buildShadow(context, await catchUp(context));
  // Queried on every attempt: views may come and go during hours of copying.
  const views = await insertGraphAround(runner, names.table);
  const gated = views.readers.length > 0 || context.keepsOrder;
  await refuseViews(runner, to, views, gated, plan.allow);
  await refuseMutations(runner, to);
  if (!gated) {
    await exchange(context);
    return true;
  }
  const gate = [...closable(except(views.feeders, names.table)), names.table, names.shadow];
  if (JSON.stringify(journal.get("gate")) !== JSON.stringify(gate)) await journal.set("gate", gate);
  context.gateIs(true);
  const closed = await blockInserts(runner, gate);
  if (await exchangeBehind(context, closed)) return true;
  await allowInserts(runner, gate);
  context.gateIs(false);
  return false;
}

/** Copies the last rows while none can arrive, and exchanges: both tables then hold the same rows, and no insert is running. */
async function exchangeBehind(context: RebuildContext, gate: Gate): Promise<boolean> {
  if (!(await awaitInserts(context.runner, gate))) return false;
  await buildShadow(context, await catchUp(context));
  return (await isCovered(context)) && exchange(context, gate);
}

/**
 * Whether every row is copied, where merges were not held back: no part has later blocks, and each partition has as many rows as were copied.
 *
 * @throws {SchemaError} when rows are missing again and again, although no insert can come.
 */
async function isCovered(context: RebuildContext): Promise<boolean> {
  if (!context.byNumber) return true;
  const { names, runner } = context;
  const [chunks, parts] = [chunksOf(context), await partsOf(runner, names.table)];
  if (parts.some((part) => isUncovered(context, chunks, part))) return false;
  const [first] = differences(context, chunks, parts);
  if (first === undefined) return true;
  const [partition, what] = first;
  context.unexplained += 1;
  if (context.unexplained < TRIES) return false;
  throw new SchemaError(
    "rows-hidden",
    `${qualifiedName(names.table)}: partition ${partition} ${what}, and again after it was copied once more. Is there a row policy for this user, ` +
      "or does somebody attach or drop partitions? No data was lost; run again, or abort the operation.",
  );
}

/** The simple way, without a gate. @param known the highest block numbers when this run began; later rows were written during the run. */
async function exchangeOffline(context: RebuildContext, known: ReadonlyMap<string, number>): Promise<void> {
  const { names, runner } = context;
  const parts = await partsOf(runner, names.table);
  const chunks = chunksOf(context);
  const late = parts.filter(
    ({ high, low, partition }) => high > (known.get(partition) ?? -1) || low > highOf(chunks, partition),
  );
  if (late.length > 0) {
    throw new Postponed(
      `${qualifiedName(names.table)}: up to ${late.reduce((sum, part) => sum + part.rows, 0)} row(s) were written during an offline rebuild. ` +
        'They are in the table, which has not changed. Stop the writers and run again, or abort the operation and take rebuild: "online".',
    );
  }
  await exchange(context);
}

/** Highest block number of each partition. */
function highest(parts: readonly Part[]): Map<string, number> {
  const high = new Map<string, number>();
  for (const part of parts) high.set(part.partition, Math.max(high.get(part.partition) ?? -1, part.high));
  return high;
}

async function exchange(context: RebuildContext, gate?: Gate): Promise<boolean> {
  const { journal, names, runner } = context;
  await journal.set("built", await compareShadow(context));
  await journal.assertOwner();
  if (gate !== undefined && !(await hasTimeLeft(runner, gate))) return false;
  await runner.run(`EXCHANGE TABLES ${qualifiedName(names.table)} AND ${qualifiedName(names.shadow)}`);
  return true;
}
