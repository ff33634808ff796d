import { isTable, uuidOf } from "../../clickhouse/catalog";
import { SchemaError } from "../../errors";
import { Postponed } from "../../operation/errors";
import { pauseMerges, resumeMerges } from "../../operation/fence";
import { dropHelper, renameHelper } from "../../operation/guard";
import { helperDelta } from "../../operation/helper-definitions";
import { createHelper } from "../../operation/helper-table";
import { type Part, partsOf } from "../../operation/parts";
import { qualifiedName, quoteString } from "../../sql/identifiers";
import { digestOf } from "../rebuild/build";
import { copyStatements, fingerprint } from "../rebuild/copy";
import type { Done } from "../rebuild/put-aside";
import type { ClusterContext, ShardBuilt, ShardDelta } from "./context";
import { copying, liveParts } from "./copy";
import { compareCoverage, copiedPart } from "./coverage";
import { confirmExchange } from "./exchange";
import { type Host, onAll, type Shard } from "./fleet";
import { awaitInserts, insertsOn } from "./gate";

/** How long inserts that began before the exchange are waited for, in milliseconds. */
const INSERTS_LIMIT = 600_000;

/**
 * An insert in flight holds the storage that it began with. RESTART REPLICA does not wait for it but ends it, so first all that run now have to end;
 * what is no query is ended by it, and repeats.
 */
export async function barrier(context: ClusterContext): Promise<void> {
  const { hosts } = await context.fleet();
  const limit = Date.now() + INSERTS_LIMIT;
  await onAll(hosts, async (host) => {
    if (!(await host.persist(() => awaitInserts(host, limit)))) {
      const running = await host.persist(() => insertsOn(host));
      throw new Postponed(
        `${context.table}: has its new definition on all hosts; inserts that began before that still run on ${host.name} after ${INSERTS_LIMIT / 60_000} minutes: ` +
          `${running.join(", ")}. What they have written to the old storage is carried over by the next run, when they have ended. No insert is refused.`,
      );
    }
    await host.run(`SYSTEM RESTART REPLICA ${context.shadow}`);
  });
}

/** Copies what late inserts have written to the old storage, on the worker of each shard. */
export async function makeDeltas(context: ClusterContext): Promise<ShardDelta[]> {
  const { shards } = await context.fleet();
  const deltas: ShardDelta[] = [];
  for (const shard of shards) deltas.push(await shard.worker.persist(() => makeDelta(context, shard)));
  return deltas;
}

async function makeDelta(context: ClusterContext, shard: Shard): Promise<ShardDelta> {
  const { names, to } = context;
  const { runner } = shard.worker;
  await shard.worker.sync(context.shadow);
  const parts = await liveParts(context, shard, names.shadow);
  const { open, stale } = compareCoverage(context.chunksOf(shard), parts);
  if (stale.length > 0)
    throw failed(
      context,
      `on ${shard.worker.name} the old table has not exactly the rows that were copied (was OPTIMIZE or a mutation run?)`,
    );
  if (open.length === 0) return { shard: shard.number, parts: [], copied: [], rows: 0 };
  const how = copying(context, shard);
  await dropHelper(runner, names.delta);
  await createHelper(runner, helperDelta(to, names.delta));
  for (const sql of copyStatements(how, names.shadow, names.delta, open)) await runner.runLong(sql);
  const [source, copied] = [
    await fingerprint(how, names.shadow, context.mapping.oldHash, open),
    await fingerprint(how, names.delta, context.mapping.newHash),
  ];
  if (source.rows !== copied.rows || source.hash !== copied.hash) {
    throw failed(
      context,
      `the last ${source.rows} row(s) of ${shard.worker.name} were copied as ${copied.rows} row(s), or with other values`,
    );
  }
  // With one part per partition, each is attached by one statement, and found again by its hash.
  await runner.run(`OPTIMIZE TABLE ${qualifiedName(names.delta)} FINAL`);
  const made = (await partsOf(runner, names.delta)).filter(({ rows }) => rows > 0);
  if (new Set(made.map(({ partition }) => partition)).size !== made.length) {
    throw failed(
      context,
      `${qualifiedName(names.delta)} on ${shard.worker.name} has several parts in one partition after OPTIMIZE FINAL`,
    );
  }
  await pauseMerges(runner, names.delta);
  return {
    shard: shard.number,
    parts: made.map(({ partition, hash }) => ({ partition, hash })),
    copied: open.map(copiedPart),
    rows: Number(source.rows),
  };
}

/** Attaches those rows to the live table, each once, and waits until all replicas have them. */
export async function attachDeltas(context: ClusterContext): Promise<void> {
  const { hosts, shards } = await context.fleet();
  const { journal, names, table } = context;
  await journal.assertOwner();
  for (const { number, worker } of shards) {
    for (const { hash, partition } of deltaOf(context, number).parts) {
      await worker.persist(async () => {
        await worker.runner.endLeftovers();
        if (await hasPart(context, worker, partition, hash)) return;
        await worker.runner.run(
          `ALTER TABLE ${table} ATTACH PARTITION ID ${quoteString(partition)} FROM ${qualifiedName(names.delta)}`,
        );
      });
      if (!(await hasPart(context, worker, partition, hash))) {
        throw failed(
          context,
          `the last rows of partition ${partition} on ${worker.name} were not taken by the new table`,
        );
      }
    }
  }
  await onAll(hosts, (host) => host.sync(table));
}

function deltaOf({ journal }: ClusterContext, number: number): ShardDelta {
  const found = journal.need<ShardDelta[]>("delta").find(({ shard }) => shard === number);
  return found ?? { shard: number, parts: [], copied: [], rows: 0 };
}

async function hasPart({ names }: ClusterContext, host: Host, partition: string, hash: string): Promise<boolean> {
  const { found } = await host.one<{ found: string }>(
    `SELECT toString(count()) AS found FROM system.parts WHERE ${isTable(names.table, "table")} AND active ` +
      `AND partition_id = ${quoteString(partition)} AND hash_of_all_files = ${quoteString(hash)}`,
  );
  return found !== "0";
}

/**
 * Checked before anything is dropped, for each shard: every row of the old storage is in a chunk or in the delta, both compared with it by count and
 * hash; the new storage has exactly their parts, by the hash of their files; and each replica has these parts.
 */
export async function verify(context: ClusterContext): Promise<{ rows: number }> {
  const { shards } = await context.fleet();
  for (const shard of shards) await verifyShard(context, shard);
  const late = context.journal.need<ShardDelta[]>("delta").reduce((sum, { rows }) => sum + rows, 0);
  return { rows: context.copied + late };
}

async function verifyShard(context: ClusterContext, shard: Shard): Promise<void> {
  const { journal, names } = context;
  const delta = deltaOf(context, shard.number);
  const old = await liveParts(context, shard, names.shadow);
  const known = [...context.chunksOf(shard), { index: -1, parts: delta.copied, rows: delta.rows, hash: "" }];
  const { open, stale } = compareCoverage(known, old);
  if (open.length + stale.length > 0)
    throw failed(context, `on ${shard.worker.name} the old table has rows that were not copied`);
  const built = journal.need<ShardBuilt[]>("built").find(({ shard: number }) => number === shard.number);
  // Merges may have been allowed again after a failure; then the parts may legitimately differ.
  if (journal.has("unfenced")) return;
  const ours = (parts: readonly Part[]): Part[] =>
    parts.filter(({ high, partition }) => high <= (built?.high[partition] ?? -1));
  for (const host of shard.hosts) {
    const parts = (await host.persist(() => partsOf(host.runner, names.table))).filter(({ rows }) => rows > 0);
    if (digestOf(ours(parts)) !== built?.digest)
      throw failed(context, `the copied parts of the new table on ${host.name} are not as they were built`);
    for (const { hash, partition } of delta.parts) {
      if (!parts.some((part) => part.partition === partition && part.hash === hash))
        throw failed(context, `the last rows of partition ${partition} are missing on ${host.name}`);
    }
  }
}

/** Lets merges run again, drops the helpers, and renames the old table to its retired name, on all hosts. */
export async function retire(context: ClusterContext): Promise<Done> {
  const { from, journal, names, plan, runner, to } = context;
  context.enter("retire");
  // A host that went back to its old data would show it.
  await confirmExchange(context);
  const { hosts } = await context.fleet();
  await onAll(hosts, (host) => host.persist(() => resumeMerges(host.runner, names.table, to.storage.settings)));
  await onAll(hosts, (host) =>
    host.persist(async () => {
      if ((await uuidOf(host.runner, names.shadow)) !== plan.old[host.host.address]) return;
      await resumeMerges(host.runner, names.shadow, from.storage.settings);
      await renameHelper(host.runner, names.shadow, names.retired);
    }),
  );
  await dropCopies(context);
  const { isLocal = hosts[0] } = { isLocal: hosts.find(({ host }) => host.isLocal) };
  return {
    retired: names.retired.name,
    uuid: plan.old[isLocal?.host.address ?? ""] ?? "",
    keepUntil: Math.round((await runner.now()) / 1000) + plan.keepOld,
    rows: journal.need<{ rows: number }>("verified").rows,
    gated: true,
  };
}

/** Drops chunks and deltas on the hosts that have them, including two chunks whose journal lines may be missing. */
export async function dropCopies(context: ClusterContext): Promise<void> {
  const { shards } = await context.fleet();
  await Promise.all(
    shards.map(async (shard) => {
      const { worker } = shard;
      const last = context.nextChunk(shard) + 1;
      for (let index = 0; index <= last; index += 1)
        await worker.persist(() => dropHelper(worker.runner, context.names.chunk(index)));
      await worker.persist(() => dropHelper(worker.runner, context.names.delta));
    }),
  );
}

/** Merges are allowed again after a failure that cannot be rolled back, once the last rows are attached. */
export async function letMerge(context: ClusterContext): Promise<void> {
  const { journal, names, to } = context;
  if (!journal.has("attached")) return;
  await journal.set("unfenced", true);
  const { hosts } = await context.fleet();
  await onAll(hosts, (host) => host.persist(() => resumeMerges(host.runner, names.table, to.storage.settings)));
}

function failed({ runner, shadow, table }: ClusterContext, what: string): SchemaError {
  return new SchemaError(
    "self-check-failed",
    `${table}: verification of operation ${runner.operation} failed: ${what}. Nothing was dropped: the table has its new definition, and the old one with all its ` +
      `rows is ${shadow} on each host.`,
  );
}
