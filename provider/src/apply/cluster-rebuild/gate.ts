import { INSERTS, namesOf } from "../../operation/gate";
import { pause } from "../../operation/runner";
import { qualifiedName, quoteIdentifier, quoteString } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import type { OnFleet } from "./context";
import { closeFeeders, emptyFeeders, openFeeders } from "./feeders";
import { ALONE, type Fleet, type Host, isPassing, onAll, type Shard, TooLate, within } from "./fleet";

/** Pause between two looks, in milliseconds. */
const LOOK = 15;
/** How long replicas are given to accept inserts again before Distributed tables do, in milliseconds. */
const SEEN_OPEN = 5000;

/** A moment in which inserts are refused on all hosts. */
export interface Moment {
  /** When it is half over, by the clock of this process: later than that no insert is waited for. */
  readonly half: number;
  /** When too little of it is left for the exchange, by the same clock. */
  readonly late: number;
  /** The condition of the constraint. With a deadline, each table opens by itself, by the clock of its host. */
  readonly check: string;
  /** What the definition of a table has in it that is closed. */
  readonly sign: string;
}

/** Plans a moment that begins now. */
export async function momentOf({ plan }: { readonly plan: { readonly gate: number } }, fleet: Fleet): Promise<Moment> {
  const start = Date.now();
  const [first] = fleet.hosts;
  const opens = ((await first?.runner.now()) ?? start) + plan.gate;
  return {
    half: start + plan.gate / 2,
    late: start + (plan.gate * 3) / 4,
    check: `now64(3) > fromUnixTimestamp64Milli(toInt64(${opens}))`,
    sign: `toInt64(${opens})`,
  };
}

/** A moment without a deadline: what is closed remains so until {@link openGates}, also if the runner dies. @param patience with running inserts, in milliseconds. */
export function heldMoment({ runner }: Pick<OnFleet, "runner">, patience: number): Moment {
  const until = Date.now() + patience;
  return { half: until, late: until, check: "0", sign: namesOf(runner)[0] };
}

/**
 * Refuses inserts on all hosts (error 469): first through Distributed tables, then into the table and its new storage, and waits for those that run.
 *
 * @returns false when that takes too long; then {@link openGates} has to follow.
 */
export async function closeGates(context: OnFleet, fleet: Fleet, moment: Moment): Promise<boolean> {
  await closeFeeders(context, moment.check, moment.half);
  if (!(await drained(fleet, moment.half))) return false;
  await emptyFeeders(context, moment.half);
  const add = `ADD CONSTRAINT ${quoteIdentifier(namesOf(context.runner)[0])} CHECK ${moment.check}`;
  const tables = context.closes;
  // One replica a shard: the constraint goes through the shard's log. Waiting for it by alter_sync = 2 would wait for a dead replica's session.
  const closing = fleet.shards.flatMap(({ worker }) =>
    tables.map((table) => worker.runner.run(`ALTER TABLE ${qualifiedName(table)} ${add}`, ALONE)),
  );
  await within(moment.half - Date.now(), Promise.all(closing));
  while (!(await isClosed(fleet, tables, moment))) {
    if (Date.now() > moment.half) return false;
    await pause(LOOK);
  }
  return drained(fleet, moment.half);
}

async function isClosed({ hosts }: Fleet, tables: readonly QualifiedName[], moment: Moment): Promise<boolean> {
  const found = await within(
    moment.half - Date.now(),
    onAll(hosts, ({ runner }) =>
      runner.one<{ n: number }>(
        `SELECT toUInt32(count()) AS n FROM system.tables WHERE ${named(tables)} AND position(create_table_query, ${quoteString(moment.sign)}) > 0`,
      ),
    ),
  );
  return found.every(({ n }) => n === tables.length);
}

/** Waits until the inserts that run on any host now have ended. No clocks are compared. @returns false when they take longer than that. */
async function drained({ hosts }: Fleet, until: number): Promise<boolean> {
  const ended = await within(
    until - Date.now(),
    onAll(hosts, (host) => awaitInserts(host, until)),
  );
  return ended.every(Boolean);
}

/** Waits until the inserts that run on a host now have ended; those that begin meanwhile are refused, or are nobody's concern. */
export async function awaitInserts({ runner }: Host, until: number): Promise<boolean> {
  const sql = `SELECT query_id AS id FROM system.processes WHERE ${INSERTS}`;
  const running = async (): Promise<string[]> => (await runner.rows<{ id: string }>(sql)).map(({ id }) => id);
  for (let left = await running(); left.length > 0; ) {
    if (Date.now() > until) return false;
    await pause(LOOK);
    const now = new Set(await running());
    left = left.filter((id) => now.has(id));
  }
  return true;
}

/** The inserts that run on a host now, for messages. */
export async function insertsOn({ runner }: Host): Promise<string[]> {
  const rows = await runner.rows<{ id: string; seconds: string }>(
    `SELECT query_id AS id, toString(toUInt32(elapsed)) AS seconds FROM system.processes WHERE ${INSERTS} ORDER BY elapsed DESC LIMIT 5`,
  );
  return rows.map(({ id, seconds }) => `${id} (${seconds} s)`);
}

/** Accepts inserts again, on all hosts, whatever was closed by this run or by another. Repeatable. */
export async function openGates(context: OnFleet): Promise<void> {
  const fleet = await context.fleet();
  await Promise.all(fleet.shards.flatMap((shard) => context.closes.map((table) => openTable(context, shard, table))));
  // Where a replica still refuses them, a Distributed table would have sent a part of an insert elsewhere.
  for (const until = Date.now() + SEEN_OPEN; Date.now() < until && !(await areOpen(context, fleet)); )
    await pause(LOOK);
  context.gateIs(false);
  await openFeeders(context);
}

/** Whether no host that answers has the constraint. */
async function areOpen({ closes, runner }: OnFleet, { hosts }: Fleet): Promise<boolean> {
  const signs = namesOf(runner).map((name) => `position(create_table_query, ${quoteString(name)}) > 0`);
  const sql = `SELECT 1 AS one FROM system.tables WHERE ${named(closes)} AND (${signs.join(" OR ")})`;
  const found = await onAll(hosts, (host) => within(2000, host.runner.rows(sql)).catch(() => []));
  return found.every((rows) => rows.length === 0);
}

/** Through any replica that can do it; the others get it by the shard's log. */
async function openTable(context: OnFleet, { hosts, worker }: Shard, table: QualifiedName): Promise<void> {
  const drops = namesOf(context.runner).map((name) => `DROP CONSTRAINT IF EXISTS ${quoteIdentifier(name)}`);
  const sql = `ALTER TABLE ${qualifiedName(table)} ${drops.join(", ")}`;
  for (const host of [worker, ...hosts.filter((one) => one !== worker)]) {
    try {
      if (!(await hasTable(host, table))) continue;
      return await within(5000, host.runner.run(sql, ALONE));
    } catch {
      // Another replica, or the worker when it is back.
    }
  }
  await worker.persist(async () => {
    if (await hasTable(worker, table)) await worker.runner.run(sql, ALONE);
  });
}

async function hasTable({ runner }: Host, table: QualifiedName): Promise<boolean> {
  return (await within(5000, runner.rows(`SELECT 1 AS one FROM system.tables WHERE ${named([table])}`))).length > 0;
}

/** Whether every host answers within two seconds. */
export async function allAnswer({ hosts }: Fleet): Promise<boolean> {
  return within(
    2000,
    onAll(hosts, ({ runner }) => runner.one("SELECT 1 AS one")),
  ).then(
    () => true,
    () => false,
  );
}

/** Whether an attempt may simply be made again. */
export function isRetried(error: unknown): boolean {
  return isPassing(error) || error instanceof TooLate;
}

function named(tables: readonly QualifiedName[]): string {
  return `(${tables.map(({ database, name }) => `(database = ${quoteString(database)} AND name = ${quoteString(name)})`).join(" OR ")})`;
}
