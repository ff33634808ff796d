import { takesConstraints } from "../clickhouse/engines";
import type { Connection } from "../connection/connection";
import { insertGraphAround } from "../operation/insert-graph";
import { hasTime, withInsertsBlocked } from "../operation/inserts-blocked";
import { Runner, type RunnerHooks } from "../operation/runner";
import { qualifiedName } from "../sql/identifiers";
import { objectKey } from "../sql/object-key";
import type { QualifiedName } from "../sql/spec";

/** How columns are renamed. */
export interface RenameColumnsOptions extends RunnerHooks {
  readonly operation: string;
  readonly onGate?: (closed: boolean) => void;
}

/**
 * Renames columns of a table while no insert is under way: one that began before the rename, and ends after it, stores its values under the
 * old name, and they are lost without an error (seen on 24.8, 25.8 and 26.7, and on Replicated tables of 24.8 and 25.8, on any replica).
 * Inserts on other replicas are refused as soon as these have the constraint, but those under way there are not awaited.
 *
 * @param rename runs the ALTER.
 * @throws {Postponed} when long inserts leave no such moment for ten minutes.
 */
export async function renameColumns(
  connection: Connection,
  table: QualifiedName,
  rename: () => Promise<void>,
  { onGate, operation, ...hooks }: RenameColumnsOptions,
): Promise<void> {
  const runner = new Runner(connection, operation, hooks);
  const gated = { runner, gateIs: (closed: boolean): void => onGate?.(closed) };
  await withInsertsBlocked(gated, {
    label: qualifiedName(table),
    why: { needs: "the rename of a column", meanwhile: "nothing was renamed" },
    tables: () => tablesAround(runner, table),
    work: async (gate) => {
      if (!(await hasTime(gated, gate))) return false;
      await rename();
      return true;
    },
  });
}

/** The table, after what feeds it. What cannot refuse an insert passes its rows on to the table, which refuses it as a whole. */
async function tablesAround(runner: Runner, table: QualifiedName): Promise<readonly QualifiedName[]> {
  const { feeders } = await insertGraphAround(runner, table);
  const own = objectKey(table.database, table.name);
  const others = feeders.filter(
    ({ database, engine, name }) => takesConstraints(engine) && objectKey(database, name) !== own,
  );
  return [...others.map(({ database, name }) => ({ database, name })), table];
}
