import { SchemaError } from "../../errors";
import { qualifiedName } from "../../sql/identifiers";
import { objectKey } from "../../sql/object-key";
import type { QualifiedName } from "../../sql/spec";
import { type Feeder, viewsAround } from "../protocol/feeders";
import { drain, type Gate, gateDown, gateUp, timeLeft } from "../protocol/gate";
import { pause, type Runner } from "../protocol/runner";
import { isGateable } from "../rebuild/refusals";
import type { Context } from "./context";

/** Least time left of the gate for the statement that decides, in milliseconds. */
const MARGIN = 1000;
/** How long to try for a moment in which no insert is under way, in milliseconds. */
const GATE_LIMIT = 600_000;
/** Longest pause between two gates, in milliseconds. */
const GATE_PAUSE = 10_000;
/** Keep nothing themselves: with one view behind them, a refusal there refuses the whole insert. */
const PASSES_ON: ReadonlySet<string> = new Set(["Null", "MaterializedView"]);

/**
 * Does something while nothing is on its way to some tables: inserts are refused for a moment, and those under way awaited.
 *
 * @param tables what nothing is to reach; what feeds them is closed before them.
 * @param work returns false when the gate leaves too little time; then writers go on, and it is tried again later.
 * @throws {SchemaError} when long inserts leave no such moment for ten minutes.
 */
export async function behindGate(
  context: Context,
  tables: readonly QualifiedName[],
  work: (gate: Gate) => Promise<boolean>,
): Promise<void> {
  const limit = Date.now() + GATE_LIMIT;
  for (let wait = 100; !(await tryBehindGate(context, tables, work)); wait = Math.min(GATE_PAUSE, wait * 2)) {
    if (Date.now() > limit) throw await stillWriting(context);
    await pause(wait);
  }
}

/** Whether the gate stays closed long enough for one more statement. */
export async function hasTime({ runner }: Context, gate: Gate): Promise<boolean> {
  return (await timeLeft(runner, gate)) >= MARGIN;
}

/** Opens whatever an earlier run has left closed. */
export async function openGate({ journal, names, runner }: Context): Promise<void> {
  const known = journal.get<QualifiedName[]>("gate") ?? [];
  if (known.length === 0) return;
  // After the exchange the target's gate is at the old table.
  const tables = [...known, names.fresh];
  const there = await runner.rows<QualifiedName>(
    `SELECT database, name FROM system.tables WHERE match(create_table_query, '_gate_${runner.operation}\\\\W')`,
  );
  const keys = new Set(there.map(({ database, name }) => objectKey(database, name)));
  await gateDown(
    runner,
    tables.filter(({ database, name }) => keys.has(objectKey(database, name))),
  );
}

/**
 * What feeds some tables, entry tables first, with the tables themselves.
 *
 * @throws {SchemaError} when rows come from where inserts cannot be refused, unless `unproven` is allowed.
 */
export async function gateTables(
  runner: Runner,
  tables: readonly QualifiedName[],
  allow: readonly string[],
): Promise<QualifiedName[]> {
  const found = new Map<string, Feeder>();
  for (const table of tables) {
    for (const feeder of (await viewsAround(runner, table)).feeders) {
      const key = objectKey(feeder.database, feeder.name);
      // What was found before has its own feeders before it, so the order stays right.
      if (!found.has(key)) found.set(key, feeder);
    }
  }
  const own = new Set(tables.map(({ database, name }) => objectKey(database, name)));
  const closed: QualifiedName[] = [];
  for (const [key, { database, name, engine, views }] of found) {
    if (own.has(key) || isGateable(engine)) closed.push({ database, name });
    else if (!allow.includes("unproven") && !(PASSES_ON.has(engine) && views.length <= 1)) {
      throw new SchemaError(
        `${qualifiedName({ database, name })} (${engine}, read by ${views.length} view(s)) passes rows on, and inserts into it cannot be refused, so that a row ` +
          'could be missed or counted twice at the cut. Stop its writers for the time of the backfill, and write allow: ["unproven"].',
      );
    }
  }
  return closed;
}

async function tryBehindGate(
  context: Context,
  of: readonly QualifiedName[],
  work: (gate: Gate) => Promise<boolean>,
): Promise<boolean> {
  const { journal, plan, runner } = context;
  // Asked each time: views may come and go.
  const tables = await gateTables(runner, of, plan.allow);
  await remember(context, tables);
  await journal.assertOwner();
  context.gateIs(true);
  try {
    const gate = await gateUp(runner, tables);
    return (await drain(runner, gate)) && (await work(gate));
  } finally {
    // When it cannot be opened, it opens by itself; what went wrong before is to be told, not this.
    await gateDown(runner, tables).catch(() => undefined);
    context.gateIs(false);
  }
}

/** Every table that was ever closed, so that all are opened by whoever goes on. */
async function remember({ journal }: Context, tables: readonly QualifiedName[]): Promise<void> {
  const known = journal.get<QualifiedName[]>("gate") ?? [];
  const added = tables.filter((table) => !known.some((other) => JSON.stringify(other) === JSON.stringify(table)));
  if (added.length > 0) await journal.set("gate", [...known, ...added]);
}

async function stillWriting({ names, runner }: Context): Promise<SchemaError> {
  const found = await runner.rows<{ id: string; seconds: number }>(
    "SELECT query_id AS id, toUInt32(elapsed) AS seconds FROM system.processes WHERE query_kind IN ('Insert', 'AsyncInsertFlush') ORDER BY elapsed DESC LIMIT 5",
  );
  const inserts = found.map(({ id, seconds }) => `${id} (${seconds} s)`).join(", ");
  return new SchemaError(
    `${qualifiedName(names.target)}: in ${GATE_LIMIT / 60_000} minutes there was no moment without an INSERT that runs longer than 2 s, which a backfill ` +
      `needs. Running now: ${inserts || "none"}. Run again when they have ended; it goes on where it is.`,
  );
}
