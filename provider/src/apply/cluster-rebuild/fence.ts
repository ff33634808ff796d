import { isTable, mergeTreeSettings } from "../../clickhouse/catalog";
import { Postponed } from "../../operation/errors";
import { FENCE, resumeMerges } from "../../operation/fence";
import { pause } from "../../operation/runner";
import type { ClusterContext } from "./context";
import { type Host, onAll } from "./fleet";

/** How long running merges are waited for, in milliseconds. */
const MERGES_LIMIT = 3_600_000;
/** Share of the engine's limits that may be used up behind the fence, where parts are not merged. */
const SHARE = 0.8;

/**
 * Keeps the parts of the table as they are, on all hosts: by its settings alone, which a restart does not lose. SYSTEM STOP MERGES would also stop
 * merges that are in a replica's queue already, which then never end.
 */
export async function raiseFence(context: ClusterContext): Promise<void> {
  const { journal } = context;
  const { hosts } = await context.fleet();
  const settings = FENCE.map(({ name, value }) => `${name} = ${value}`).join(", ");
  if (!journal.get("fenced")) {
    await onAll(hosts, (host) => host.run(`ALTER TABLE ${context.table} MODIFY SETTING ${settings}`));
  }
  // A merge may be in the log and in no queue yet.
  await onAll(hosts, (host) => host.sync(context.table, "PULL"));
  const limit = Date.now() + MERGES_LIMIT;
  while ((await onAll(hosts, (host) => isMerging(context, host))).some(Boolean)) {
    if (Date.now() > limit)
      throw new Postponed(
        `${context.table}: its merges have not ended for an hour. The next run continues to wait; system.merges on each host says which they are.`,
      );
    await pause(100);
  }
}

async function isMerging(context: ClusterContext, host: Host): Promise<boolean> {
  const is = isTable(context.names.table, "table");
  const { found } = await host.one<{ found: string }>(
    `SELECT toString((SELECT count() FROM system.merges WHERE ${is}) + ` +
      `(SELECT count() FROM system.replication_queue WHERE ${is} AND type = 'MERGE_PARTS')) AS found`,
  );
  return found !== "0";
}

/** Lets merges run again in the old table. */
export async function lowerFence(context: ClusterContext): Promise<void> {
  const { hosts } = await context.fleet();
  const { from, names } = context;
  await onAll(hosts, (host) => host.persist(() => resumeMerges(host.runner, names.table, from.storage.settings)));
}

/**
 * Lowers the fence and ends this run before the engine would delay or refuse inserts because of too many parts. Copied rows are kept.
 *
 * @throws {Postponed} when the number of parts comes too close to a limit.
 */
export async function guardHeadroom(context: ClusterContext): Promise<void> {
  const { shards } = await context.fleet();
  for (const { worker } of shards) {
    const { most } = await worker.one<{ most: string }>(
      `SELECT toString(max(parts)) AS most FROM (SELECT count() AS parts FROM system.parts WHERE ${isTable(context.names.table, "table")} AND active GROUP BY partition_id)`,
    );
    const limit = await delayLimit(context, worker);
    if (Number(most) <= limit * SHARE) continue;
    // Before the fence is lowered: the next run has to raise it.
    await context.journal.set("fenced", null);
    await context.journal.set("passes", 0);
    await lowerFence(context);
    throw new Postponed(
      `${context.table}: inserts made more parts on ${worker.name} (${most} in a partition; the engine slows inserts from ${limit} on) than could be copied while ` +
        "merges were stopped. Merges run again, nothing is lost, and the copy is kept. Run again when fewer inserts come, or insert in larger batches; or abort the operation.",
    );
  }
}

async function delayLimit({ from }: ClusterContext, worker: Host): Promise<number> {
  const names = ["parts_to_delay_insert", "parts_to_throw_insert"];
  const known = await worker.persist(() => mergeTreeSettings(worker.runner, names));
  for (const { name, value } of from.storage.settings) if (known.has(name)) known.set(name, value);
  // 0 turns a limit off.
  return Math.min(...names.map((name) => Number(known.get(name) ?? 0) || Number.MAX_SAFE_INTEGER));
}
