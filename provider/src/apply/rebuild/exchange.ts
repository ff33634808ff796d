import { takesConstraints } from "../../clickhouse/engines";
import { Postponed } from "../../operation/errors";
import { pauseMerges, stopMerges } from "../../operation/fence";
import { allowInserts, awaitInserts, blockInserts, type Gate, hasTimeLeft, INSERTS } from "../../operation/gate";
import { insertGraphAround } from "../../operation/insert-graph";
import { type Part, partsOf } from "../../operation/parts";
import { pause } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import { buildShadow, compareShadow } from "./build";
import type { Context } from "./context";
import { catchUp, copyBulk } from "./copy";
import { chunksOf, highOf } from "./coverage";
import { type Fenced, guardHeadroom, mostParts } from "./headroom";
import { refuseMutations, refuseViews } from "./refusals";

/** How long to keep looking for a moment in which no insert is running, in milliseconds. */
const GATE_LIMIT = 600_000;
/** Longest pause between two gates, in milliseconds. */
const GATE_PAUSE = 10_000;

/** Everything up to the exchange: until then, readers and writers see no change. */
export async function copyAndExchange(context: Context): Promise<void> {
  const { journal, names, plan, runner } = context;
  const known = plan.mode === "offline" ? highest(await partsOf(runner, names.table)) : undefined;
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
  context.enter("catch-up");
  await catchUp(context);
  await buildShadow(context);
  context.enter("exchange");
  if (known !== undefined) return exchangeOffline(context, known);
  const limit = Date.now() + GATE_LIMIT;
  for (let wait = 100; !(await exchangeOnline(context)); wait = Math.min(GATE_PAUSE, wait * 2)) {
    if (Date.now() > limit) throw await stillWriting(context);
    await pause(wait);
  }
}

/** @returns false when running inserts did not end while the gate was closed; writers then continue. */
async function exchangeOnline(context: Context): Promise<boolean> {
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
  const tables = [
    ...views.feeders.slice(0, -1).filter(({ engine }) => takesConstraints(engine)),
    names.table,
    names.shadow,
  ];
  const gate = tables.map(({ database, name }): QualifiedName => ({ database, name }));
  if (JSON.stringify(journal.get("gate")) !== JSON.stringify(gate)) await journal.set("gate", gate);
  context.gateIs(true);
  const closed = await blockInserts(runner, gate);
  if (await exchangeBehind(context, closed)) return true;
  await allowInserts(runner, gate);
  context.gateIs(false);
  return false;
}

/** Copies the last rows while none can arrive, and exchanges: both tables then hold the same rows, and no insert is running. */
async function exchangeBehind(context: Context, gate: Gate): Promise<boolean> {
  if (!(await awaitInserts(context.runner, gate))) return false;
  await buildShadow(context, await catchUp(context));
  return exchange(context, gate);
}

/** The simple way, without a gate. @param known the highest block numbers when this run began; later rows were written during the run. */
async function exchangeOffline(context: Context, known: ReadonlyMap<string, number>): Promise<void> {
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

async function exchange(context: Context, gate?: Gate): Promise<boolean> {
  const { journal, names, runner } = context;
  await journal.set("built", await compareShadow(context));
  await journal.assertOwner();
  if (gate !== undefined && !(await hasTimeLeft(runner, gate))) return false;
  await runner.run(`EXCHANGE TABLES ${qualifiedName(names.table)} AND ${qualifiedName(names.shadow)}`);
  return true;
}

async function stillWriting({ names, runner }: Context): Promise<Postponed> {
  const found = await runner.rows<{ id: string; seconds: number }>(
    `SELECT query_id AS id, toUInt32(elapsed) AS seconds FROM system.processes WHERE ${INSERTS} ORDER BY elapsed DESC LIMIT 5`,
  );
  const inserts = found.map(({ id, seconds }) => `${id} (${seconds} s)`).join(", ");
  return new Postponed(
    `${qualifiedName(names.table)}: everything is copied, but in ${GATE_LIMIT / 60_000} minutes there was no moment without an INSERT that runs longer than 2 s, ` +
      `which the exchange of a table with views needs. Running now: ${inserts || "none"}. Run again when they have ended; the copy is kept.`,
  );
}
