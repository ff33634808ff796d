import { objectKey } from "../sql/object-key";
import type { QualifiedName } from "../sql/spec";
import { Postponed } from "./errors";
import { drain, type Gate, gateDown, gateUp, hasTimeLeft, INSERTS, namesOf } from "./gate";
import type { Journal } from "./journal";
import { pause, type Runner } from "./runner";

/** How long to try for a moment in which no insert is under way, in milliseconds. */
const GATE_LIMIT = 600_000;
/** Longest pause between two gates, in milliseconds. */
const GATE_PAUSE = 10_000;

/** An operation that closes gates. */
export interface Gated {
  readonly journal: Journal;
  readonly runner: Runner;
  /** Says that inserts are refused now, or let through again. */
  gateIs(closed: boolean): void;
}

/** What is done behind a gate. */
export interface BehindGate {
  /** What needs the moment, as a message begins: a qualified name. */
  readonly label: string;
  /** The rest of that message: what it is needed for, and how things stand without it. */
  readonly why: { readonly needs: string; readonly meanwhile: string };
  /** What is closed, entry tables first. Asked each time: views may come and go. */
  readonly tables: () => Promise<readonly QualifiedName[]>;
  /** Returns false when the gate leaves too little time; then writers go on, and it is tried again later. */
  readonly work: (gate: Gate, tables: readonly QualifiedName[]) => Promise<boolean>;
}

/**
 * Does something while nothing is on its way to some tables: inserts are refused for a moment, and those under way awaited.
 *
 * @throws {SchemaError} when long inserts leave no such moment for ten minutes.
 */
export async function behindGate(operation: Gated, task: BehindGate): Promise<void> {
  const limit = Date.now() + GATE_LIMIT;
  for (let wait = 100; !(await attempt(operation, task)); wait = Math.min(GATE_PAUSE, wait * 2)) {
    if (Date.now() > limit) throw await stillWriting(operation.runner, task);
    await pause(wait);
  }
}

/** Whether the gate stays closed long enough for one more statement. */
export function hasTime({ runner }: Pick<Gated, "runner">, gate: Gate): Promise<boolean> {
  return hasTimeLeft(runner, gate);
}

/** Opens whatever an earlier run has left closed. @param more tables that a gate may have come to by an exchange. */
export async function openGates({ journal, runner }: Gated, more: readonly QualifiedName[] = []): Promise<void> {
  const known = journal.get<QualifiedName[]>("gate") ?? [];
  if (known.length === 0) return;
  const there = await runner.rows<QualifiedName>(
    `SELECT database, name FROM system.tables WHERE match(create_table_query, '(?:${namesOf(runner).join("|")})\\\\W')`,
  );
  const keys = new Set(there.map(({ database, name }) => objectKey(database, name)));
  await gateDown(
    runner,
    [...known, ...more].filter(({ database, name }) => keys.has(objectKey(database, name))),
  );
}

async function attempt(operation: Gated, task: BehindGate): Promise<boolean> {
  const { journal, runner } = operation;
  const tables = await task.tables();
  await remember(journal, tables);
  await journal.assertOwner();
  operation.gateIs(true);
  try {
    const gate = await gateUp(runner, tables);
    return (await drain(runner, gate)) && (await task.work(gate, tables));
  } finally {
    // When it cannot be opened, it opens by itself; what went wrong before is to be told, not this.
    await gateDown(runner, tables).catch(() => undefined);
    operation.gateIs(false);
  }
}

/** Every table that was ever closed, so that all are opened by whoever goes on. */
async function remember(journal: Journal, tables: readonly QualifiedName[]): Promise<void> {
  const known = journal.get<QualifiedName[]>("gate") ?? [];
  const added = tables.filter((table) => !known.some((other) => JSON.stringify(other) === JSON.stringify(table)));
  if (added.length > 0) await journal.set("gate", [...known, ...added]);
}

async function stillWriting(runner: Runner, { label, why }: BehindGate): Promise<Postponed> {
  const found = await runner.rows<{ id: string; seconds: number }>(
    `SELECT query_id AS id, toUInt32(elapsed) AS seconds FROM system.processes WHERE ${INSERTS} ORDER BY elapsed DESC LIMIT 5`,
  );
  const inserts = found.map(({ id, seconds }) => `${id} (${seconds} s)`).join(", ");
  return new Postponed(
    `${label}: in ${GATE_LIMIT / 60_000} minutes there was no moment without an INSERT that runs longer than 2 s, which ${why.needs} needs. ` +
      `Running now: ${inserts || "none"}. Run again when they have ended; ${why.meanwhile}.`,
  );
}
