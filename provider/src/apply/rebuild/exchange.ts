import { Postponed } from "../../operation/errors";
import { pauseMerges, stopMerges } from "../../operation/fence";
import { allowInserts, awaitInserts, blockInserts, type Gate, hasTimeLeft } from "../../operation/gate";
import { insertGraphAround } from "../../operation/insert-graph";
import { untilQuiet } from "../../operation/inserts-blocked";
import { type Part, partsOf } from "../../operation/parts";
import { closable, except } from "../../operation/upstream";
import { qualifiedName } from "../../sql/identifiers";
import { buildShadow, compareShadow } from "./build";
import type { RebuildContext } from "./context";
import { catchUp, copyBulk } from "./copy";
import { chunksOf, highOf } from "./coverage";
import { type Fenced, guardHeadroom, mostParts } from "./headroom";
import { refuseMutations, refuseViews } from "./refusals";

/** Copies the existing rows while merges run, and then holds merges back, so that the rest can be told from what is copied. */
export async function copyRows(context: RebuildContext): Promise<void> {
  const { journal, names, plan, runner } = context;
  if (plan.mode === "offline") context.known = highest(await partsOf(runner, names.table));
  if (!journal.get("fenced")) {
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
export async function copyRest(context: RebuildContext): Promise<void> {
  await catchUp(context);
  await buildShadow(context);
}

/** The exchange: until then, readers and writers see no change. */
export function exchangeTables(context: RebuildContext): Promise<void> {
  if (context.known !== undefined) return exchangeOffline(context, context.known);
  const why = { needs: "the exchange of a table with views", meanwhile: "everything is copied, and the copy is kept" };
  const label = qualifiedName(context.names.table);
  return untilQuiet(context.runner, { label, why }, () => exchangeOnline(context));
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
  return exchange(context, gate);
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
