import { isTable } from "../../clickhouse/catalog";
import { attachAll } from "../../operation/attach";
import { stopMerges } from "../../operation/fence";
import { partsOf } from "../../operation/parts";
import { pause } from "../../operation/runner";
import { quoteString } from "../../sql/identifiers";
import { digestOf } from "../rebuild/build";
import type { ClusterContext, ShardBuilt } from "./context";
import { isPassing, onAll, type Shard } from "./fleet";

/** How many times the new table of a shard is emptied and assembled anew before something must be wrong. */
const ATTEMPTS = 3;

/**
 * Attaches the copied rows to the new table, on the one replica of each shard that has them, and waits until all replicas have fetched them.
 *
 * @throws {SchemaError} when the new table has other rows than were copied.
 */
export async function buildAll(context: ClusterContext): Promise<void> {
  const { hosts, shards } = await context.fleet();
  await onAll(
    shards.map(({ worker }) => worker),
    async (worker) => {
      for (const shard of shards) if (shard.worker === worker) await buildShard(context, shard);
    },
  );
  await onAll(hosts, (host) => host.sync(context.shadow));
}

/**
 * Nobody else writes there yet, and the parts there are compared with those of the chunks, so whatever became of an attach whose answer was lost
 * shows: if they are not the same, it is emptied and begun again.
 */
async function buildShard(context: ClusterContext, shard: Shard): Promise<void> {
  const { worker } = shard;
  const wanted = context.chunksOf(shard).map(({ index }) => index);
  for (let attempt = 1; ; attempt += 1) {
    const attached = context.attached.get(shard.number) ?? new Set<number>();
    const hasMore = [...attached].some((index) => !wanted.includes(index));
    if (!hasMore && (await attachMissing(context, shard, wanted, attached)) && (await isBuilt(context, shard))) {
      context.attached.set(shard.number, new Set(wanted));
      return;
    }
    if (await isBuilt(context, shard)) {
      context.attached.set(shard.number, new Set(wanted));
      return;
    }
    if (attempt > ATTEMPTS) {
      throw context.changed(
        `its new storage on ${worker.name} does not get exactly the copied rows (does somebody write to it, or run OPTIMIZE?)`,
      );
    }
    context.attached.delete(shard.number);
    await worker.persist(async () => {
      await worker.runner.endLeftovers();
      await worker.runner.run(`TRUNCATE TABLE ${context.shadow} SETTINGS max_table_size_to_drop = 0, alter_sync = 1`);
    });
    await untilEmpty(context, shard);
  }
}

/** @returns false when a lost answer leaves open what was attached. */
async function attachMissing(
  context: ClusterContext,
  { number, worker }: Shard,
  wanted: readonly number[],
  attached: Set<number>,
): Promise<boolean> {
  context.attached.set(number, attached);
  const missing = wanted.filter((index) => !attached.has(index));
  // After a restart of the host merges run again in what is about to be compared.
  await worker.persist(() => stopMerges(worker.runner, ...missing.map(context.names.chunk)));
  for (const index of missing) {
    try {
      await attachAll(worker.runner, context.names.shadow, context.names.chunk(index));
      attached.add(index);
    } catch (error) {
      if (!isPassing(error)) throw error;
      return false;
    }
  }
  return true;
}

/** Whether the new table has exactly the parts of the chunks, by the hash of their files. */
async function isBuilt(context: ClusterContext, shard: Shard): Promise<boolean> {
  const { database, name } = context.names.shadow;
  const tables = [name, ...context.chunksOf(shard).map(({ index }) => context.names.chunk(index).name)].map(
    quoteString,
  );
  const { found } = await shard.worker.one<{ found: string }>(
    `SELECT toString(count()) AS found FROM (SELECT hash_of_all_files FROM system.parts WHERE database = ${quoteString(database)} ` +
      `AND table IN (${tables.join(", ")}) AND active AND rows > 0 GROUP BY hash_of_all_files HAVING sum(if(table = ${quoteString(name)}, 1, -1)) != 0)`,
  );
  return found === "0";
}

async function untilEmpty(context: ClusterContext, { worker }: Shard): Promise<void> {
  const left = (): Promise<{ found: string }> =>
    worker.one(
      `SELECT toString(count()) AS found FROM system.parts WHERE ${isTable(context.names.shadow, "table")} AND active AND rows > 0`,
    );
  while ((await left()).found !== "0") await pause(50);
}

/** What each shard's new table is, to be found again after the exchange. */
export async function builtNow(context: ClusterContext): Promise<ShardBuilt[]> {
  const { shards } = await context.fleet();
  return Promise.all(
    shards.map(async ({ number, worker }) => {
      const parts = (await worker.persist(() => partsOf(worker.runner, context.names.shadow))).filter(
        ({ rows }) => rows > 0,
      );
      const high: Record<string, number> = {};
      for (const part of parts) high[part.partition] = Math.max(high[part.partition] ?? 0, part.high);
      return { shard: number, high, digest: digestOf(parts) };
    }),
  );
}
