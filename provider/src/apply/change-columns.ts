import { ClusterConnection } from "../cluster/cluster-connection";
import type { Connection } from "../connection/connection";
import { hasTime, withInsertsBlocked } from "../operation/inserts-blocked";
import { Runner, type RunnerHooks } from "../operation/runner";
import { closable, except, upstreamOf } from "../operation/upstream";
import { qualifiedName } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";
import { whileHeld } from "./held-on-cluster";

/** How columns are changed. */
export interface ChangeColumnsOptions extends RunnerHooks {
  readonly operation: string;
  readonly onGate?: (closed: boolean) => void;
}

/**
 * Changes columns of a table while no insert is under way. For renames: one that began before, and ends after it, stores its values under the
 * old name, and they are lost without an error (seen on 24.8, 25.8 and 26.7, and on Replicated tables of 24.8 and 25.8, on any replica). For new
 * types: its blocks have the old one, for which a view fails (seen on 25.8).
 * On a cluster, those on all hosts are awaited ({@link whileHeld}); without one, other replicas refuse inserts as soon as they have the constraint, but those
 * under way there are not awaited.
 *
 * @param change runs the ALTER.
 * @throws {Postponed} when long inserts leave no such moment for ten minutes.
 */
export async function changeColumns(
  connection: Connection,
  table: QualifiedName,
  change: () => Promise<void>,
  { onGate, operation, ...hooks }: ChangeColumnsOptions,
): Promise<void> {
  const runner = new Runner(connection, operation, hooks);
  const label = qualifiedName(table);
  const why = { needs: "the change of its columns", meanwhile: "they are as they were" };
  // What cannot refuse an insert passes its rows on to the table, which refuses it as a whole.
  const tables = async (): Promise<QualifiedName[]> => [
    ...closable(except(await upstreamOf(runner, [table]), table)),
    table,
  ];
  if (connection instanceof ClusterConnection) {
    const gateIs = (closed: boolean): void => onGate?.(closed);
    return whileHeld({ runner, cluster: connection, label, why, tables, work: change, gateIs });
  }
  const gated = { runner, gateIs: (closed: boolean): void => onGate?.(closed) };
  await withInsertsBlocked(gated, {
    label,
    why,
    tables,
    work: async (gate) => {
      if (!(await hasTime(gated, gate))) return false;
      await change();
      return true;
    },
  });
}
