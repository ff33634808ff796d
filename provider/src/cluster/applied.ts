import { setTimeout as sleep } from "node:timers/promises";
import { everywhere, readSettings } from "../clickhouse/cluster";
import type { ClusterMembers, Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { quoteString } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";

/** Pauses between two looks, in milliseconds. */
const PAUSES = [20, 40, 80, 160, 320, 500];

/** After how many looks a log of which no replica has taken anything counts as empty. */
const UNSURE = 4;

interface Row {
  readonly host: string;
  readonly path: string;
  /** Where its log ends, and up to where this replica has taken it into its queue. */
  readonly ends: string;
  readonly taken: string;
  /** Changes of its definition that are in the replica's queue. */
  readonly open: string;
}

/**
 * Waits until the replicas of a table that answer have applied the changes of its definition that are in its log now, and know the mutations that
 * belong to them: outside of the queue of ON CLUSTER, which a statement with `alter_sync = 1` would hold as long as its mutation runs. Costs one
 * query on all hosts a look; nothing is waited for in a table that is not replicated.
 *
 * @param limit in milliseconds; it ends then in any case: who is late is seen by who reads the hosts.
 */
export async function awaitApplied(
  connection: Connection,
  cluster: ClusterMembers,
  table: QualifiedName,
  limit: number,
): Promise<void> {
  let targets: ReadonlyMap<string, number> | undefined;
  for (let turn = 0, until = Date.now() + limit; ; turn += 1) {
    const rows = await look(connection, cluster, table);
    targets ??= endsOf(rows);
    if (rows.every(({ open, path, taken }) => open === "0" && Number(taken) >= (targets?.get(path) ?? 0))) return;
    // A log that ends at 0 has one entry, or none at all.
    const isEmpty = turn >= UNSURE && rows.every(({ ends, taken }) => ends === "0" && taken === "0");
    if (isEmpty || Date.now() > until) return;
    await sleep(PAUSES[Math.min(turn, PAUSES.length - 1)]);
  }
}

function look(connection: Connection, cluster: ClusterMembers, { database, name }: QualifiedName): Promise<Row[]> {
  const is = `database = ${quoteString(database)} AND table = ${quoteString(name)}`;
  const sql =
    "SELECT host, max(p) AS path, toString(max(e)) AS ends, toString(max(t)) AS taken, toString(sum(n)) AS open FROM (" +
    `SELECT toString(_shard_num) AS host, zookeeper_path AS p, log_max_index AS e, log_pointer AS t, 0 AS n FROM ${everywhere("replicas", cluster)} WHERE ${is} ` +
    `UNION ALL SELECT toString(_shard_num), '', 0, 0, 1 FROM ${everywhere("replication_queue", cluster)} WHERE ${is} AND type = 'ALTER_METADATA') ` +
    `GROUP BY host HAVING max(p) != ''${readSettings(cluster)}`;
  return connection.query<Row>(sql).catch((error: unknown) => {
    // Not everybody may read these; a replica without Keeper does not know where its log ends.
    if (error instanceof ServerError) return [];
    throw error;
  });
}

/** Each path's next entry: a replica whose pointer is there has taken all before. */
function endsOf(rows: readonly Row[]): Map<string, number> {
  const ends = new Map<string, number>();
  for (const { ends: end, path } of rows) ends.set(path, Math.max(ends.get(path) ?? 0, Number(end) + 1));
  return ends;
}
