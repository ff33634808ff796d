import { WRITE_SETTINGS } from "../../operation/copy-settings";
import { dropHelper } from "../../operation/guard";
import { chunkStatement } from "../../operation/helper-definitions";
import { createHelper } from "../../operation/helper-table";
import { partsOf } from "../../operation/parts";
import type { Runner } from "../../operation/runner";
import { backtick, qualifiedName, quoteString } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import { bucketId } from "../bucket";
import { type Comparison, neededColumns, type Scope, scopeCondition, truthRows } from "../comparison";

/** Some buckets whose rows are in the same partitions of a target. */
export interface Batch {
  readonly ids: readonly string[];
  /** Partitions, as the values of their expression; see {@link partitionValue}. */
  readonly partitions: readonly string[];
}

/** A partition as a string, over the target's columns; the engine's own partition names cannot be computed. */
export function partitionValue({ spec }: Comparison): string {
  return `toString(tuple(${spec.storage.partitionBy ?? ""}))`;
}

/** Condition that a row of the target is in one of some partitions. */
export function inPartitions(comparison: Comparison, { partitions }: Batch): string {
  return `${partitionValue(comparison)} IN (${partitions.map(quoteString).join(", ")})`;
}

/** Groups buckets whose rows are in the same partitions, of the target as it is and as it should be. */
export async function batchesOf(runner: Runner, comparison: Comparison, scope: Scope): Promise<Batch[]> {
  const { subject } = comparison;
  const columns = neededColumns({ ...comparison, measures: [] });
  const output = `SELECT DISTINCT ${bucketId(comparison.bucket)} AS id, ${partitionValue(comparison)} AS value`;
  const where = `WHERE ${scopeCondition(comparison, scope)}`;
  const sides = [
    `${output} FROM ${qualifiedName(subject.target)} ${where}`,
    ...subject.feeds.map(
      (feed) => `${output} FROM (${truthRows({ ...comparison, measures: [] }, feed, columns)}) ${where}`,
    ),
  ];
  const rows = await runner.rows<{ id: string; partitions: string[] }>(
    `SELECT id, arraySort(groupUniqArray(value)) AS partitions FROM (${sides.join(" UNION ALL ")}) GROUP BY id ORDER BY length(id), id SETTINGS final = 0, max_query_size = 16777216`,
  );
  const found = new Map<string, { ids: string[]; partitions: readonly string[] }>();
  for (const { id, partitions } of rows) {
    const key = JSON.stringify(partitions);
    const batch = found.get(key) ?? { ids: [], partitions };
    batch.ids.push(id);
    found.set(key, batch);
  }
  return [...found.values()];
}

/**
 * Condition of the rows that are recomputed: those of the buckets that differ. After a replacement while rows came in, other buckets of the
 * partition may lack rows too; then all buckets for which the sources have rows. Rows that may have expired are never touched.
 */
function anewCondition(comparison: Comparison, batch: Batch, dirty: boolean): string {
  const { bucket, expired, subject } = comparison;
  const scope = scopeCondition(comparison, { ids: batch.ids });
  if (!dirty) return `(${scope}) AND NOT (${expired})`;
  const bare = { ...comparison, measures: [] };
  const where = inPartitions(comparison, batch);
  const known = subject.feeds.map(
    (feed) => `SELECT ${bucketId(bucket)} AS id FROM (${truthRows(bare, feed, neededColumns(bare))}) WHERE ${where}`,
  );
  const isKnown = `${where} AND ${bucketId(bucket)} IN (SELECT id FROM (${known.join(" UNION ALL ")}))`;
  return `((${scope}) OR (${isKnown})) AND NOT (${expired})`;
}

/**
 * Fills a stage with what the target's partitions should hold: the buckets recomputed from the sources, and everything else as it is. Rows
 * that may have expired in the source are not recomputed; the existing ones stay.
 *
 * @returns the engine's names of the target's partitions to be replaced, and of the partitions that the stage has.
 */
export async function fillStage(
  runner: Runner,
  comparison: Comparison,
  batch: Batch,
  stage: QualifiedName,
  { dirty, settings }: { readonly dirty: boolean; readonly settings: string },
): Promise<{ meant: string[]; filled: ReadonlySet<string> }> {
  const { spec, subject } = comparison;
  await dropStage(runner, stage);
  await createHelper(runner, chunkStatement(spec, stage));
  const anew = anewCondition(comparison, batch, dirty);
  const needed = new Set(neededColumns(comparison));
  for (const feed of subject.feeds) {
    const given = new Set(feed.view.columns.map(({ name }) => name));
    const columns = spec.columns.filter(({ name, default: value }) => given.has(name) && !isComputed(value?.kind));
    for (const { name } of columns) needed.add(name);
    const names = columns.map(({ name }) => backtick(name)).join(", ");
    const all = spec.columns.filter(({ name }) => needed.has(name)).map(({ name }) => name);
    // The view's extra columns for ties are of no use here.
    const rows = truthRows({ ...comparison, measures: [] }, feed, all);
    await runner.runLong(
      `INSERT INTO ${qualifiedName(stage)} (${names}) SELECT ${names} FROM (${rows}) WHERE ${anew}${settings}, ${WRITE_SETTINGS}`,
    );
  }
  const stored = spec.columns.filter(({ default: value }) => !/^(?:ALIAS|EPHEMERAL)$/.test(value?.kind ?? ""));
  const names = stored.map(({ name }) => backtick(name)).join(", ");
  const where = inPartitions(comparison, batch);
  await runner.runLong(
    `INSERT INTO ${qualifiedName(stage)} (${names}) SELECT ${names} FROM ${qualifiedName(subject.target)} WHERE ${where} AND NOT (${anew})${settings}, ${WRITE_SETTINGS}`,
  );
  const present = await runner.rows<{ partition: string }>(
    `SELECT DISTINCT _partition_id AS partition FROM ${qualifiedName(subject.target)} WHERE ${where} SETTINGS final = 0`,
  );
  const filled = new Set((await partsOf(runner, stage)).map(({ partition }) => partition));
  return { meant: [...new Set([...present.map(({ partition }) => partition), ...filled])], filled };
}

/** Replaces a partition of the target by the stage's, in one step. */
export async function replacePartition(
  runner: Runner,
  target: QualifiedName,
  stage: QualifiedName,
  partition: string,
  filled: boolean,
): Promise<void> {
  const id = quoteString(partition);
  await runner.run(
    filled
      ? `ALTER TABLE ${qualifiedName(target)} REPLACE PARTITION ID ${id} FROM ${qualifiedName(stage)}`
      : `ALTER TABLE ${qualifiedName(target)} DROP PARTITION ID ${id} SETTINGS max_partition_size_to_drop = 0`,
  );
}

/** Drops a stage, whatever its size. */
export async function dropStage(runner: Runner, stage: QualifiedName): Promise<void> {
  await dropHelper(runner, stage);
}

function isComputed(kind: string | undefined): boolean {
  return kind !== undefined && kind !== "DEFAULT";
}
