import { tablesNaming } from "../clickhouse/catalog";
import { objectKey } from "../sql/object-key";
import type { QualifiedName } from "../sql/spec";
import { Postponed } from "./errors";
import { allowInserts, awaitInserts, blockInserts, type Gate, hasTimeLeft, INSERTS, namesOf } from "./gate";
import type { Journal } from "./journal";
import { letInsertsThrough } from "./open-inserts";
import { pause, type Runner } from "./runner";

/** How long to keep looking for a moment in which no insert is running, in milliseconds. */
export const GATE_LIMIT = 600_000;
/** Longest pause between two gates, in milliseconds. */
const GATE_PAUSE = 10_000;

/** An operation that closes gates. */
export interface Gated {
  /** Absent for work of one statement, which no other run resumes. */
  readonly journal?: Journal;
  readonly runner: Runner;
  /** Reports that inserts are refused from now on, or accepted again. */
  gateIs(closed: boolean): void;
}

/** Work that is done behind a gate. */
export interface BehindGate {
  /** What needs the quiet moment, as the start of a message: a qualified name. */
  readonly label: string;
  /** The rest of that message: what the moment is needed for, and what the situation is without it. */
  readonly why: { readonly needs: string; readonly meanwhile: string };
  /** Tables to close, entry tables first. Called on every attempt, because views may come and go. */
  readonly tables: () => Promise<readonly QualifiedName[]>;
  /** Returns false when the gate leaves too little time; writers then continue, and it is tried again later. */
  readonly work: (gate: Gate, tables: readonly QualifiedName[]) => Promise<boolean>;
}

/**
 * Runs work while no rows are on their way to some tables: inserts are refused for a moment, and running ones are awaited.
 *
 * @throws {SchemaError} when long inserts leave no such moment for ten minutes.
 */
export async function withInsertsBlocked(operation: Gated, task: BehindGate): Promise<void> {
  await untilQuiet(operation.runner, task, () => attempt(operation, task));
}

/**
 * Tries again, with longer and longer pauses in which clients may write, until no insert is in the way.
 *
 * @param attempt returns false when running inserts took too long.
 * @throws {Postponed} after ten minutes.
 */
export async function untilQuiet(
  runner: Runner,
  task: Pick<BehindGate, "label" | "why">,
  attempt: () => Promise<boolean>,
): Promise<void> {
  const limit = Date.now() + GATE_LIMIT;
  for (let wait = 100; !(await attempt()); wait = Math.min(GATE_PAUSE, wait * 2)) {
    if (Date.now() > limit) throw await stillWriting(runner, task);
    await pause(wait);
  }
}

/** Whether the gate stays closed long enough for one more statement. */
export function hasTime({ runner }: Pick<Gated, "runner">, gate: Gate): Promise<boolean> {
  return hasTimeLeft(runner, gate);
}

/** Opens everything that an earlier run left closed. @param more tables to which an exchange may have moved a gate. */
export async function openGates(
  { journal, runner }: Gated & { readonly journal: Journal },
  more: readonly QualifiedName[] = [],
): Promise<void> {
  const known = journal.get<QualifiedName[]>("gate") ?? [];
  if (known.length === 0) return;
  const there = await tablesNaming(runner, namesOf(runner));
  const keys = new Set(there.map(({ database, name }) => objectKey(database, name)));
  await allowInserts(
    runner,
    [...known, ...more].filter(({ database, name }) => keys.has(objectKey(database, name))),
  );
}

async function attempt(operation: Gated, task: BehindGate): Promise<boolean> {
  const { journal, runner } = operation;
  const tables = await task.tables();
  if (journal !== undefined) {
    await remember(journal, tables);
    await journal.assertOwner();
  }
  operation.gateIs(true);
  try {
    const gate = await blockInserts(runner, tables);
    const done = (await awaitInserts(runner, gate)) && (await task.work(gate, tables));
    // If it cannot be opened now, it opens by itself.
    await allowInserts(runner, tables).catch(() => undefined);
    return done;
  } catch (error) {
    // By the definitions of tables: the work may have exchanged some before it failed.
    await letInsertsThrough(runner);
    throw error;
  } finally {
    operation.gateIs(false);
  }
}

/** Records every table that was ever closed, so that a later run can open them all. */
async function remember(journal: Journal, tables: readonly QualifiedName[]): Promise<void> {
  const known = journal.get<QualifiedName[]>("gate") ?? [];
  const added = tables.filter((table) => !known.some((other) => JSON.stringify(other) === JSON.stringify(table)));
  if (added.length > 0) await journal.set("gate", [...known, ...added]);
}

/** The error when inserts have run for too long. */
export async function stillWriting(
  runner: Runner,
  { label, why }: Pick<BehindGate, "label" | "why">,
): Promise<Postponed> {
  const found = await runner.rows<{ id: string; seconds: number }>(
    `SELECT query_id AS id, toUInt32(elapsed) AS seconds FROM system.processes WHERE ${INSERTS} ORDER BY elapsed DESC LIMIT 5`,
  );
  const inserts = found.map(({ id, seconds }) => `${id} (${seconds} s)`).join(", ");
  return new Postponed(
    `${label}: in ${GATE_LIMIT / 60_000} minutes there was always an INSERT running for more than 2 s, and ${why.needs} has to wait for those. ` +
      `Running now: ${inserts || "none"}. Run again when they have ended; ${why.meanwhile}.`,
  );
}
