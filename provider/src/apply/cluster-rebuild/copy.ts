import { SchemaError } from "../../errors";
import { pauseMerges } from "../../operation/fence";
import { dropHelper } from "../../operation/guard";
import { chunkStatement } from "../../operation/helper-definitions";
import { createHelper } from "../../operation/helper-table";
import { type Part, partsOf } from "../../operation/parts";
import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import { type Copying, copyStatements, fingerprint, sourceFingerprint } from "../rebuild/copy";
import { grouped, withoutTails } from "../rebuild/groups";
import type { ClusterContext } from "./context";
import { type ClusterChunk, compareCoverage, copiedPart } from "./coverage";
import { raiseFence } from "./fence";
import type { Shard } from "./fleet";

/** How many times new rows are copied before the fence, so that little is left to copy behind it. */
const PASSES = 3;
/** How many times merges behind the fence are put up with. */
const ATTEMPTS = 4;

/** Copies the existing rows of all shards while merges run; what is merged away during the copy is left for later. */
export async function copyBulk(context: ClusterContext): Promise<void> {
  const { journal } = context;
  const { shards } = await context.fleet();
  for (let pass = journal.get<number>("passes") ?? 0; pass < PASSES; pass += 1) {
    for (const shard of shards) {
      const parts = await liveParts(context, shard);
      context.expect(
        shard,
        parts.reduce((sum, { rows }) => sum + rows, 0),
      );
      context.report(0);
      const open = await uncovered(context, shard, parts);
      await copyGroups(
        context,
        shard,
        context.names.table,
        grouped(pass === 0 ? withoutTails(open) : open, context.chunkRows),
      );
    }
    await journal.set("passes", pass + 1);
  }
}

/** Copies the remaining rows of a shard, behind the fence. */
export async function catchUp(context: ClusterContext, shard: Shard): Promise<void> {
  let missed: readonly Part[] | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const open = await uncovered(context, shard, await liveParts(context, shard));
    [missed] = await copyGroups(context, shard, context.names.table, grouped(open, context.chunkRows));
    if (missed === undefined) return;
    // A merge that was chosen before the fence may reach the log after it, when Keeper was away in between.
    await raiseFence(context);
    await shard.worker.sync(context.table);
  }
  throw new SchemaError(
    "rows-hidden",
    `${context.table}: the rows of ${missed?.map((part) => part.name).join(", ")} on ${shard.worker.name} cannot be read as they are stored. Is there a row policy for ` +
      "this user, or did somebody run OPTIMIZE, DELETE or DROP PARTITION? No data was lost; run again, or abort the operation.",
  );
}

/** The parts of the table on the shard's worker. @param table another one. */
export async function liveParts(
  context: ClusterContext,
  { worker }: Shard,
  table: QualifiedName = context.names.table,
): Promise<Part[]> {
  return (await worker.persist(() => partsOf(worker.runner, table))).filter(({ rows }) => rows > 0);
}

/** The parts that have not been copied; chunks that no longer say what the table has are voided. */
async function uncovered(context: ClusterContext, shard: Shard, parts: readonly Part[]): Promise<readonly Part[]> {
  for (;;) {
    const { open, stale } = compareCoverage(context.chunksOf(shard), parts);
    if (stale.length === 0) return open;
    for (const { index } of stale) await context.journal.set(`chunk:${shard.number}:${index}`, null);
  }
}

/** What the statements of a copy need, for one host. */
export function copying(context: ClusterContext, { worker }: Shard): Copying {
  return { runner: worker.runner, mapping: context.mapping, keepsOrder: false };
}

/** @returns the groups that were not copied, because a part was merged away before it was read. */
async function copyGroups(
  context: ClusterContext,
  shard: Shard,
  from: QualifiedName,
  groups: readonly (readonly Part[])[],
): Promise<(readonly Part[])[]> {
  const missed: (readonly Part[])[] = [];
  for (const parts of groups) {
    const index = context.nextChunk(shard);
    const name = context.names.chunk(index);
    const chunk = await shard.worker.persist(() => copyInto(context, shard, { from, parts, name }));
    if (chunk === undefined) missed.push(parts);
    else await context.journal.set(`chunk:${shard.number}:${index}`, chunk);
    context.report(0);
  }
  return missed;
}

interface CopyOrder {
  readonly from: QualifiedName;
  readonly parts: readonly Part[];
  /** Of the table that only the worker has. */
  readonly name: QualifiedName;
}

/** Copies parts into a table of their own, and compares it by count and hash; undefined when it does not have all rows of the parts. */
async function copyInto(
  context: ClusterContext,
  shard: Shard,
  { from, name, parts }: CopyOrder,
): Promise<ClusterChunk | undefined> {
  const { runner } = shard.worker;
  const how = copying(context, shard);
  await dropHelper(runner, name);
  await createHelper(runner, chunkStatement(context.to, name));
  for (const sql of copyStatements(how, from, name, parts)) {
    await runner.runLong(sql, (written) => context.report(written));
  }
  // Their hashes are compared with those of what is attached, also after a restart of the host.
  await pauseMerges(runner, name);
  const [source, copied] = [
    await sourceFingerprint({ ...how, table: from }, parts),
    await fingerprint(how, name, context.mapping.newHash),
  ];
  if (source === undefined || source.rows !== copied.rows) return undefined;
  if (source.hash !== copied.hash) {
    throw new SchemaError(
      "self-check-failed",
      `${qualifiedName(from)}: the copy of ${parts.length} part(s) on ${shard.worker.name} has as many rows as they have (${source.rows}), but not the same values. ` +
        `No data was lost; the copy is in ${qualifiedName(name)}.`,
    );
  }
  return { parts: parts.map(copiedPart), rows: Number(source.rows), hash: source.hash };
}
