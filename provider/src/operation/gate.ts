import { GATE_PREFIX } from "../clickhouse/insert-gates";
import { qualifiedName, quoteIdentifier, quoteString } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";
import { MARK, pause, type Runner } from "./runner";

/**
 * Longest time that inserts are refused, in milliseconds, unless the runner's hooks set another; then the gate opens by itself, whatever
 * happened to the runner.
 */
const LENGTH = 4000;
/** Share of it that must be left for the work behind the gate. */
const WORK = 3 / 8;
/** Share of it that must be left for one more statement. */
const STATEMENT = 1 / 4;

/**
 * Condition on `system.processes`: inserts by clients. Operations copy into helper tables only, which no view reads; the copy of another
 * operation may take hours, and must not make this one wait.
 */
export const INSERTS = `query_kind IN ('Insert', 'AsyncInsertFlush') AND NOT startsWith(query, ${quoteString(MARK)})`;

/** A raised gate. */
export interface Gate {
  /** When it opens by itself, by the server's clock in milliseconds. */
  readonly deadline: number;
  /** When the last table was closed. */
  readonly closed: number;
  /** How long running inserts are awaited. */
  readonly patience: number;
  /** What must be left for one more statement, in milliseconds. */
  readonly margin: number;
}

/**
 * Refuses inserts (error 469, which tells clients to retry) for a moment.
 *
 * @param tables entry tables first, then what they feed. Closed in that order, waiting for inserts in between, and opened in reverse: an
 *   insert that passed an entry table must find the next one open, or its rows would be stored only part of the way.
 * @returns the gate; check with {@link awaitInserts} that no insert is still running behind it.
 */
export async function blockInserts(runner: Runner, tables: readonly QualifiedName[]): Promise<Gate> {
  await allowInserts(runner, tables);
  const length = runner.gateLength ?? LENGTH;
  const deadline = (await runner.now()) + length;
  const patience = deadline - length * WORK;
  let closed = 0;
  for (const [index, table] of tables.entries()) {
    if (closed > 0) await awaitInserts(runner, { patience, closed });
    const opens = deadline + (tables.length - 1 - index) * 100;
    await runner.run(
      `ALTER TABLE ${qualifiedName(table)} ADD CONSTRAINT ${constraint(runner)} CHECK now64(3) > fromUnixTimestamp64Milli(toInt64(${opens}))`,
    );
    closed = await runner.now();
  }
  return { deadline, closed, patience, margin: length * STATEMENT };
}

/**
 * Opens the gate; tables without one are no error.
 *
 * @param others constraints dropped in the same statement, so that a table never keeps one without the other.
 */
export async function allowInserts(
  runner: Runner,
  tables: readonly QualifiedName[],
  others: readonly string[] = [],
): Promise<void> {
  for (const table of [...tables].reverse()) {
    const drops = [...others, ...namesOf(runner)].map((name) => `DROP CONSTRAINT IF EXISTS ${quoteIdentifier(name)}`);
    await runner.run(`ALTER TABLE ${qualifiedName(table)} ${drops.join(", ")}`);
  }
}

/** Waits for the inserts that began before the gate was closed. @returns false when they take too long for this gate. */
export async function awaitInserts(
  runner: Runner,
  { closed, patience }: Pick<Gate, "closed" | "patience">,
): Promise<boolean> {
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

/** Gate name of version 0.1.0, whose operations this version may resume or abort. */
const OLD_PREFIX = "_gate_";

/** Whether a constraint belongs to a gate rather than to the table. */
export function isGate(constraint: string): boolean {
  return constraint.startsWith(GATE_PREFIX) || constraint.startsWith(OLD_PREFIX);
}

/** Names of the operation's gate: the current one and the former one. */
export function namesOf({ operation }: Pick<Runner, "operation">): readonly [string, string] {
  return [`${GATE_PREFIX}${operation}`, `${OLD_PREFIX}${operation}`];
}

function constraint(runner: Runner): string {
  return quoteIdentifier(namesOf(runner)[0]);
}
