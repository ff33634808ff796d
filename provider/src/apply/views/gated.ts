import { SchemaError } from "../../errors";
import { qualifiedName } from "../../sql/identifiers";
import { objectKey } from "../../sql/object-key";
import type { QualifiedName } from "../../sql/spec";
import { drain, type Gate, gateDown, gateUp, timeLeft } from "../protocol/gate";
import { pause } from "../protocol/runner";
import type { ViewContext } from "./context";
import { gateTables } from "./sources";

/** Least time left of the gate for the statement that decides, in milliseconds. */
const MARGIN = 1000;
/** How long to try for a moment in which no insert is under way, in milliseconds. */
const GATE_LIMIT = 600_000;
/** Longest pause between two gates, in milliseconds. */
const GATE_PAUSE = 10_000;

/**
 * Does something while nothing is on its way to the view: inserts are refused for a moment, and those under way awaited.
 *
 * @param work returns false when the gate leaves too little time; then writers go on, and it is tried again later.
 * @throws {SchemaError} when long inserts leave no such moment for ten minutes.
 */
export async function behindGate(context: ViewContext, work: (gate: Gate) => Promise<boolean>): Promise<void> {
  const limit = Date.now() + GATE_LIMIT;
  for (let wait = 100; !(await tryBehindGate(context, work)); wait = Math.min(GATE_PAUSE, wait * 2)) {
    if (Date.now() > limit) throw await stillWriting(context);
    await pause(wait);
  }
}

/** Whether the gate stays closed long enough for one more statement. */
export async function hasTime({ runner }: ViewContext, gate: Gate): Promise<boolean> {
  return (await timeLeft(runner, gate)) >= MARGIN;
}

/** Opens whatever an earlier run has left closed. */
export async function openGate({ journal, runner }: ViewContext): Promise<void> {
  const tables = journal.get<QualifiedName[]>("gate") ?? [];
  if (tables.length === 0) return;
  const there = await runner.rows<QualifiedName>(
    `SELECT database, name FROM system.tables WHERE match(create_table_query, '_gate_${runner.operation}\\\\W')`,
  );
  const keys = new Set(there.map(({ database, name }) => objectKey(database, name)));
  await gateDown(
    runner,
    tables.filter(({ database, name }) => keys.has(objectKey(database, name))),
  );
}

async function tryBehindGate(context: ViewContext, work: (gate: Gate) => Promise<boolean>): Promise<boolean> {
  const { journal, runner } = context;
  // Asked each time: views may come and go.
  const tables = await gateTables(context);
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
async function remember({ journal }: ViewContext, tables: readonly QualifiedName[]): Promise<void> {
  const known = journal.get<QualifiedName[]>("gate") ?? [];
  const added = tables.filter((table) => !known.some((other) => JSON.stringify(other) === JSON.stringify(table)));
  if (added.length > 0) await journal.set("gate", [...known, ...added]);
}

async function stillWriting({ names, runner }: ViewContext): Promise<SchemaError> {
  const found = await runner.rows<{ id: string; seconds: number }>(
    "SELECT query_id AS id, toUInt32(elapsed) AS seconds FROM system.processes WHERE query_kind IN ('Insert', 'AsyncInsertFlush') ORDER BY elapsed DESC LIMIT 5",
  );
  const inserts = found.map(({ id, seconds }) => `${id} (${seconds} s)`).join(", ");
  return new SchemaError(
    `${qualifiedName(names.view)}: in ${GATE_LIMIT / 60_000} minutes there was no moment without an INSERT that runs longer than 2 s, which the change of a ` +
      `view needs. Running now: ${inserts || "none"}. Run again when they have ended; the view is as it was, and goes on where it is.`,
  );
}
