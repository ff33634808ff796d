import { engineOf } from "../../clickhouse/merge-tree";
import { SchemaError } from "../../errors";
import { findConflict } from "../../operation/conflicts";
import { allowInserts, awaitInserts, blockInserts, hasTimeLeft, timeLeft } from "../../operation/gate";
import type { Journal } from "../../operation/journal";
import { pause, type Runner } from "../../operation/runner";
import { closable, except, upstreamOf } from "../../operation/upstream";
import type { QualifiedName } from "../../sql/spec";
import { groupSettings } from "../group-settings";
import { prepare } from "../prepare";
import { awaitRunningInserts, sourceFingerprint } from "../quiescence";
import type { Verified } from "../verify";
import { NOTHING_REPAIRED, type RepairContext } from "./context";
import type { RepairOptions, RepairResult } from "./options";
import { type Batch, batchesOf, fillStage, inPartitions, replacePartition } from "./stage";

/** Attempts without refusing inserts, and then with refusing them. */
const TRIES = 4;
const GATED_TRIES = 3;
/** Buckets that are recomputed at once. */
const BATCH = 2000;

/** What the steps of one run share. */
interface Work {
  readonly runner: Runner;
  readonly journal: Journal;
  readonly verified: Verified;
  readonly options: RepairOptions;
  readonly stage: QualifiedName;
  /** Tables where inserts can be refused; undefined when that is not possible for all of them. */
  readonly gate: readonly QualifiedName[] | undefined;
}

/** Repairs all buckets that differ, as far as that is possible. */
export async function repairAll({
  hooks,
  journal,
  runner,
  stage,
}: RepairContext): Promise<Omit<RepairResult, "operation">> {
  const { verified, ...options } = hooks;
  const comparison = verified?.comparison;
  if (verified === undefined || comparison === undefined) return NOTHING_REPAIRED;
  const work: Work = { runner, journal, verified, options, stage, gate: await gateTables(runner, verified) };
  const ids = verified.report.differences.map(({ id }) => id);
  const refused: { buckets: number; reason: string }[] = [];
  let [repaired, partitions, gated] = [0, 0, false];
  for (let from = 0; from < ids.length; from += BATCH) {
    for (const batch of await batchesOf(work.runner, comparison, { ids: ids.slice(from, from + BATCH) })) {
      const done = await repairBatch(work, batch);
      if ("reason" in done) refused.push({ buckets: batch.ids.length, reason: done.reason });
      else {
        repaired += batch.ids.length;
        partitions += done.partitions;
        gated ||= done.gated;
      }
      work.options.onProgress?.(repaired + refused.reduce((sum, { buckets }) => sum + buckets, 0), ids.length);
    }
  }
  return { repaired, partitions, gated, refused };
}

type Done = { readonly partitions: number; readonly gated: boolean } | { readonly reason: string };

async function repairBatch(work: Work, batch: Batch): Promise<Done> {
  let took = 0;
  let dirty = false;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (attempt > 0) await pause(100 * attempt);
    const began = Date.now();
    const done = await tryOpen(work, batch, dirty);
    if (done.right) return { partitions: done.replaced, gated: false };
    dirty ||= done.replaced > 0;
    took = Date.now() - began;
  }
  for (let attempt = 0; work.gate !== undefined && attempt < GATED_TRIES; attempt++) {
    if (attempt > 0) await pause(1000 * attempt);
    const done = await tryGated(work, batch, work.gate, dirty);
    if (done.right) return { partitions: done.replaced, gated: true };
    dirty ||= done.replaced > 0;
  }
  const why =
    work.gate === undefined
      ? "inserts into them cannot be refused: stop the writers"
      : `computing it takes longer (${(took / 1000).toFixed(1)} s) than inserts may be refused: stop the writers, or repair when nobody writes to its partition any more`;
  const state = dirty ? " Some of the rows that arrived in the meantime are missing from it now; run again." : "";
  return { reason: `its sources are written to all the time, and ${why}.${state}` };
}

/** How many partitions were replaced, and whether nothing came in during that time. */
interface Tried {
  readonly replaced: number;
  readonly right: boolean;
}

const NOTHING: Tried = { replaced: 0, right: false };

/** @param dirty whether an earlier attempt replaced partitions while rows came in. */
async function tryOpen(work: Work, batch: Batch, dirty: boolean): Promise<Tried> {
  const { journal, options, runner, stage, verified } = work;
  const { comparison } = await prepare(runner, verified.subject, options.tolerance, verified.comparison?.bucket);
  const state = (): Promise<string> => sourceFingerprint(runner, comparison, inPartitions(comparison, batch));
  // Rows seen here belong to earlier inserts, which are awaited: their views have run when the rows are copied.
  const before = await state();
  if (!(await awaitRunningInserts(runner))) return NOTHING;
  const { filled, meant } = await fillStage(runner, comparison, batch, stage, {
    dirty,
    settings: groupSettings(runner, options),
  });
  const isSame = async (): Promise<boolean> => before === (await state());
  // Better to notice new rows before the replacement than after it.
  if (!(await awaitRunningInserts(runner)) || !(await isSame())) return NOTHING;
  await journal.assertOwner();
  for (const partition of meant) {
    await replacePartition(runner, verified.subject.target, stage, partition, filled.has(partition));
  }
  const since = await runner.now();
  while (!(await awaitRunningInserts(runner, since))) runner.throwIfAborted();
  return { replaced: meant.length, right: await isSame() };
}

async function tryGated(work: Work, batch: Batch, tables: readonly QualifiedName[], dirty: boolean): Promise<Tried> {
  const { journal, options, runner, stage, verified } = work;
  const { comparison } = await prepare(runner, verified.subject, options.tolerance, verified.comparison?.bucket);
  await journal.set("gate", tables);
  await journal.assertOwner();
  options.onGate?.(true);
  try {
    const gate = await blockInserts(runner, tables);
    if (!(await awaitInserts(runner, gate))) return NOTHING;
    const { filled, meant } = await fillStage(runner, comparison, batch, stage, {
      dirty,
      settings: groupSettings(runner, options),
    });
    await journal.assertOwner();
    let replaced = 0;
    for (const partition of meant) {
      // Earlier partitions are right; this one and the rest still differ.
      if (!(await hasTimeLeft(runner, gate))) return { replaced, right: false };
      await replacePartition(runner, verified.subject.target, stage, partition, filled.has(partition));
      replaced += 1;
    }
    // If the server was slow, inserts may have come through before the last partition was replaced.
    return { replaced, right: (await timeLeft(runner, gate)) > 0 };
  } finally {
    // If it cannot be opened now, it opens by itself; the earlier error is the one to report, not this one.
    await allowInserts(runner, tables).catch(() => undefined);
    options.onGate?.(false);
  }
}

/** What feeds the target, entry tables first; clients may insert into the target itself. */
async function gateTables(runner: Runner, { subject }: Verified): Promise<readonly QualifiedName[] | undefined> {
  const feeders = except(await upstreamOf(runner, [subject.shown]), subject.shown, subject.target);
  const tables = feeders.filter(({ engine }) => engine !== "MaterializedView");
  const closed = closable(tables);
  return closed.length === tables.length ? closed : undefined;
}

/** @throws {SchemaError} when a target must not be repaired. */
export async function refuse(
  runner: Runner,
  { report, subject }: Verified,
  { allow = [] }: RepairOptions,
): Promise<void> {
  if (report.inexact.length > 0) {
    throw new SchemaError(
      "verification-inexact",
      `${report.target}: not repaired, because its views may rightly have written something else than their SELECT gives now: ${report.inexact.join("; ")}.`,
    );
  }
  if (subject.spec !== undefined && engineOf(subject.spec.storage).shared && !allow.includes("unproven")) {
    throw new SchemaError(
      "unproven",
      `${report.target}: not repaired, because its engine is replicated, for which repair is untested. To proceed anyway, allow "unproven".`,
    );
  }
  const other = await findConflict(runner, [subject.target, subject.shown]);
  if (other !== undefined) {
    throw new SchemaError(
      "operation-unfinished",
      `${report.target}: not repaired, because operation ${other.operation} (${other.kind}) around it is unfinished; ` +
        "`clickhouse-schema operations` shows it and finishes it.",
    );
  }
}
