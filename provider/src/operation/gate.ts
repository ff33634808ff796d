import { qualifiedName, quoteIdentifier, quoteString } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";
import { MARK, pause, type Runner } from "./runner";

/**
 * Longest time that inserts are refused, in milliseconds, unless the runner's hooks say otherwise; then the gate opens by itself, whatever
 * became of the runner.
 */
const LENGTH = 4000;
/** Share of it that must be left for what is done behind the gate. */
const WORK = 3 / 8;
/** Share of it that must be left for one more statement. */
const STATEMENT = 1 / 4;

/**
 * Condition on `system.processes`: what clients insert. Copies of operations write to helper tables only, which no view reads; another
 * operation's may last for hours, and must not keep this one waiting.
 */
export const INSERTS = `query_kind IN ('Insert', 'AsyncInsertFlush') AND NOT startsWith(query, ${quoteString(MARK)})`;

/** A raised gate. */
export interface Gate {
  /** When it opens by itself, by the server's clock in milliseconds. */
  readonly deadline: number;
  /** When the last table was closed. */
  readonly closed: number;
  /** Until when inserts under way are awaited. */
  readonly patience: number;
  /** What must be left for one more statement, in milliseconds. */
  readonly margin: number;
}

/**
 * Refuses inserts (error 469, which says to try again) for a moment.
 *
 * @param tables entry tables first, then what they feed. Closed in that order with the inserts in between awaited, opened in
 *   reverse: an insert that passed an entry table must find the next one open, or its rows would be stored half way.
 * @returns the gate; check with {@link drain} that nothing is under way behind it.
 */
export async function gateUp(runner: Runner, tables: readonly QualifiedName[]): Promise<Gate> {
  await gateDown(runner, tables);
  const length = runner.gateLength ?? LENGTH;
  const deadline = (await runner.now()) + length;
  const patience = deadline - length * WORK;
  let closed = 0;
  for (const [index, table] of tables.entries()) {
    if (closed > 0) await drain(runner, { patience, closed });
    const opens = deadline + (tables.length - 1 - index) * 100;
    await runner.run(
      `ALTER TABLE ${qualifiedName(table)} ADD CONSTRAINT ${constraint(runner)} CHECK now64(3) > fromUnixTimestamp64Milli(toInt64(${opens}))`,
    );
    closed = await runner.now();
  }
  return { deadline, closed, patience, margin: length * STATEMENT };
}

/** Opens the gate; tables without one are no error. */
export async function gateDown(runner: Runner, tables: readonly QualifiedName[]): Promise<void> {
  for (const table of [...tables].reverse()) {
    const drops = namesOf(runner).map((name) => `DROP CONSTRAINT IF EXISTS ${quoteIdentifier(name)}`);
    await runner.run(`ALTER TABLE ${qualifiedName(table)} ${drops.join(", ")}`);
  }
}

/** Waits for the inserts that began before the gate was closed. @returns false when they last too long for this gate. */
export async function drain(runner: Runner, { closed, patience }: Pick<Gate, "closed" | "patience">): Promise<boolean> {
  const older = `${INSERTS} AND toUnixTimestamp64Milli(now64(3)) - elapsed * 1000 <= ${closed} + 2`;
  for (;;) {
    const { found, now } = await runner.one<{ found: string; now: string }>(
      `SELECT (SELECT count() FROM system.processes WHERE ${older}) AS found, toUnixTimestamp64Milli(now64(3)) AS now`,
    );
    if (Number(now) > patience) return false;
    if (Number(found) === 0) return true;
    await pause(5);
  }
}

/** Milliseconds until the gate opens by itself. */
export async function timeLeft(runner: Runner, { deadline }: Gate): Promise<number> {
  return deadline - (await runner.now());
}

/** Whether the gate stays closed long enough for one more statement. */
export async function hasTimeLeft(runner: Runner, gate: Gate): Promise<boolean> {
  return (await timeLeft(runner, gate)) >= gate.margin;
}

/** What clients read in error 469: what is going on, and that a retry works. */
const PREFIX = "retry_schema_change_in_progress_";
/** Of version 0.1.0, whose operations may be resumed or aborted by this one. */
const OLD_PREFIX = "_gate_";

/** Whether a constraint is a gate's, and none of the table's own. */
export function isGate(constraint: string): boolean {
  return constraint.startsWith(PREFIX) || constraint.startsWith(OLD_PREFIX);
}

/** Names of the operation's gate: what it is called, and what it was called. */
export function namesOf({ operation }: Pick<Runner, "operation">): readonly [string, string] {
  return [`${PREFIX}${operation}`, `${OLD_PREFIX}${operation}`];
}

function constraint(runner: Runner): string {
  return quoteIdentifier(namesOf(runner)[0]);
}
