import { everywhere, readSettings } from "../clickhouse/cluster";
import type { ClusterConnection } from "../cluster/cluster-connection";
import { INSERTS } from "../operation/gate";
import { holdOf } from "../operation/hold";
import { type BehindGate, untilQuiet } from "../operation/inserts-blocked";
import { pause, type Runner } from "../operation/runner";
import { qualifiedName, quoteIdentifier, quoteString } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";

/** How long it is waited until every host refuses inserts into a table, in milliseconds; then they continue, and it is tried again. */
const SEEN_WITHIN = 8000;
/** How long inserts that run are awaited while others are refused, in milliseconds. */
const PATIENCE = 4000;
/** Pause between two looks, in milliseconds. */
const LOOK = 50;

/** Work that is done while no host takes inserts. */
export interface HeldWork extends Omit<BehindGate, "work"> {
  readonly runner: Runner;
  readonly cluster: ClusterConnection;
  /** Changes that are harmless when they come to a host late: before what lets inserts in again, through the same queue or log. */
  readonly work: () => Promise<void>;
  /** Reports that inserts are refused from now on, or accepted again. */
  readonly gateIs: (closed: boolean) => void;
}

/**
 * Runs work while no rows are on their way to some tables on any host: inserts are refused by a constraint that every host has been seen to have,
 * and those that ran on any of them have ended. The constraint has no deadline: a replica that is late lets inserts in when it has done what comes before
 * that in its log, and a host that dies meanwhile comes back with the constraint. If the runner dies, inserts are refused until the next run.
 *
 * @throws {Postponed} when long inserts leave no such moment for ten minutes.
 */
export async function whileHeld(task: HeldWork): Promise<void> {
  const { cluster, gateIs, runner } = task;
  await untilQuiet(runner, task, async () => {
    const tables = await task.tables();
    const held: QualifiedName[] = [];
    gateIs(true);
    try {
      for (const table of tables) {
        held.push(table);
        await runner.run(`ALTER TABLE ${qualifiedName(table)} ADD CONSTRAINT IF NOT EXISTS ${hold(runner)} CHECK 0`);
        if (!(await isSeen(task, table)) || !(await areDone(task))) return false;
      }
      await task.work();
      return true;
    } finally {
      for (const table of held.reverse())
        await cluster.insist(`ALTER TABLE ${qualifiedName(table)} DROP CONSTRAINT IF EXISTS ${hold(runner)}`);
      gateIs(false);
    }
  });
}

/** Waits until every host has the constraint. */
async function isSeen({ cluster, runner }: HeldWork, { database, name }: QualifiedName): Promise<boolean> {
  const { cluster: members } = cluster;
  const sql =
    `SELECT DISTINCT toString(_shard_num) AS number FROM ${everywhere("tables", members)} WHERE database = ${quoteString(database)} ` +
    `AND name = ${quoteString(name)} AND position(create_table_query, ${quoteString(holdOf(runner.operation))}) > 0${readSettings(members)}`;
  for (const until = Date.now() + SEEN_WITHIN; Date.now() < until; await pause(LOOK)) {
    const rows = await runner.rows<{ number: string }>(sql);
    if (rows.length === members.hosts.length) return true;
  }
  return false;
}

/** Waits until the inserts that run on any host now have ended. */
async function areDone(task: HeldWork): Promise<boolean> {
  const begun = await insertsOf(task);
  if (begun === undefined) return false;
  for (const until = Date.now() + PATIENCE; Date.now() < until; await pause(LOOK)) {
    const now = await insertsOf(task);
    if (now?.every((id) => !begun.includes(id))) return true;
  }
  return false;
}

/** Inserts that run, by their ids; undefined if a host did not answer: what it does is unknown. */
async function insertsOf({ cluster: { cluster }, runner }: HeldWork): Promise<string[] | undefined> {
  // Each host runs at least its part of this query.
  const rows = await runner.rows<{ ids: string[] }>(
    `SELECT _shard_num AS number, groupArrayIf(query_id, ${INSERTS}) AS ids FROM ${everywhere("processes", cluster)} GROUP BY number${readSettings(cluster)}`,
  );
  return rows.length === cluster.hosts.length ? rows.flatMap(({ ids }) => ids) : undefined;
}

function hold({ operation }: Runner): string {
  return quoteIdentifier(holdOf(operation));
}
