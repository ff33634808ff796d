import { tablesNaming, uuidOf } from "../clickhouse/catalog";
import { qualifiedName, quoteIdentifier } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";
import { allowInserts, type Gate, isGate, timeLeft } from "./gate";
import type { Runner } from "./runner";

const PREFIX = "_hold_";

/**
 * Refuses inserts (error 469) until {@link releaseInserts}, even if the runner dies: in the middle of a rename or an exchange of views, rows would
 * be stored and reach no view, or two. Set up behind a gate, then checked against it.
 *
 * @returns false when the gate opened in the meantime.
 */
export async function blockInsertsUntilReleased(
  runner: Runner,
  tables: readonly QualifiedName[],
  gate: Gate,
): Promise<boolean> {
  for (const table of tables) {
    await runner.run(
      `ALTER TABLE ${qualifiedName(table)} ADD CONSTRAINT IF NOT EXISTS ${quoteIdentifier(holdOf(runner.operation))} CHECK 0`,
    );
  }
  return (await timeLeft(runner, gate)) > 0;
}

/** Lets inserts through again, downstream tables first. Tables without a hold, or that are gone, are no error. */
export async function releaseInserts(runner: Runner, tables: readonly QualifiedName[]): Promise<void> {
  const there: QualifiedName[] = [];
  for (const table of tables) if ((await uuidOf(runner, table)) !== undefined) there.push(table);
  await allowInserts(runner, there, [holdOf(runner.operation)]);
}

/** Ends every hold of the operation, found by the definitions of tables: for callers that do not know what was held. */
export async function releaseAll(runner: Runner): Promise<void> {
  const held = await tablesNaming(runner, [holdOf(runner.operation)]);
  if (held.length > 0) await releaseInserts(runner, held);
}

/** Whether a constraint is one that temporarily refuses inserts. */
export function isGuardConstraint(name: string): boolean {
  return isGate(name) || name.startsWith(PREFIX);
}

/** Name of an operation's hold. */
export function holdOf(operation: string): string {
  return `${PREFIX}${operation}`;
}
