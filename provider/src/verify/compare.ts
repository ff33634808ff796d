import { type ServerError, TimeoutError } from "../connection/errors";
import { isOutOfMemory } from "../connection/server-message";
import { SchemaError } from "../errors";
import { pause, type Runner } from "../operation/runner";
import { qualifiedName } from "../sql/identifiers";
import { bucketId, inRange, type Range } from "./bucket";
import { type Comparison, detailQuery, neededColumns, type Scope, scopeCondition, summaryQuery } from "./comparison";
import { awaitRunningInserts, sourceFingerprint, truthBuckets } from "./quiescence";
import type { BucketDifference, ColumnDifference, VerifyOptions } from "./types";

const DEFAULT_MEMORY = 4 * 1024 ** 3;
/** Target rows of a window. */
export const DEFAULT_WINDOW = 5_000_000;
/** Buckets that one statement names, once for each side; fewer partitions, because their names are longer than numbers. */
const BATCH = { time: 8000, partition: 800, all: 2 } as const;
/** How often a differing bucket is checked before it is reported as busy. */
const LOOKS = 8;
/** How often it must differ while nothing came in: background flushes appear in no list of inserts. */
const STABLE_CHECKS = 2;
/** A batch that is being written to is split, down to this many pieces. */
const PIECES = 64;

/** The result of one pass over the buckets. */
export interface Summary {
  readonly buckets: number;
  readonly expired: number;
  /** Compared, except for some keys. */
  readonly partly: number;
  readonly different: readonly string[];
  /** First bucket that the sources have rows for. */
  readonly first: number | undefined;
}

/** Settings of a statement that groups: what does not fit into memory spills to disk. */
export function groupSettings(
  { connection }: Pick<Runner, "connection">,
  { maxMemory = DEFAULT_MEMORY, maxThreads }: Pick<VerifyOptions, "maxMemory" | "maxThreads">,
): string {
  const spill = Math.floor(maxMemory / 4);
  const ratio = connection.capabilities.groupByMemoryRatio ? "max_bytes_ratio_before_external_group_by = 0, " : "";
  const threads = maxThreads === undefined ? "" : `max_threads = ${Math.floor(maxThreads)}, `;
  return (
    ` SETTINGS final = 0, ${threads}apply_mutations_on_fly = 0, max_execution_time = 0, max_rows_to_read = 0, max_bytes_to_read = 0, ` +
    `max_rows_to_group_by = 0, max_result_rows = 0, max_result_bytes = 0, max_memory_usage = ${Math.floor(maxMemory)}, max_bytes_before_external_group_by = ${spill}, ` +
    `${ratio}max_query_size = 16777216, max_ast_elements = 1000000, max_expanded_ast_elements = 10000000`
  );
}

/** Divides the time range into windows with roughly the same number of target rows each. */
export async function windowsOf(
  runner: Runner,
  { bucket, subject }: Comparison,
  range: Range,
  options: VerifyOptions,
): Promise<Range[]> {
  if (bucket.kind !== "time") return [range];
  const size = bucket.unit === "days" ? 1 : 3600;
  const slice = `intDiv(toInt64(${bucketId(bucket)}), ${size})`;
  const rows = await runner.rows<{ slice: string; rows: string }>(
    `SELECT toString(${slice}) AS slice, toString(count()) AS rows FROM ${qualifiedName(subject.target)} ` +
      `WHERE ${inRange(bucket, range)} GROUP BY slice ORDER BY toInt64(slice) SETTINGS final = 0`,
  );
  const limit = options.windowRows ?? DEFAULT_WINDOW;
  const cuts: number[] = [];
  let sum = 0;
  for (const { slice: at, rows: count } of rows) {
    if (sum > 0 && sum + Number(count) > limit) {
      cuts.push(Number(at) * size);
      sum = 0;
    }
    sum += Number(count);
  }
  const edges = [range.from, ...cuts, range.to];
  return edges.slice(1).map((to, index) => ({
    ...(edges[index] !== undefined && { from: edges[index] }),
    ...(to !== undefined && { to }),
  }));
}

/** How windows are compared. */
interface SummaryOptions extends VerifyOptions {
  /** Called once a second with the rows that the statement has read. */
  readonly onRead?: (rows: number) => void;
}

/** Target rows of a window: fewer once a window was too large. */
interface Chunks {
  rows: number;
}

/**
 * Compares the buckets of a scope, whatever is written in the meantime. A window that does not fit into memory, although its groups spill
 * to disk, or that takes longer than a statement may, is split into smaller ones; so are those after it.
 *
 * @throws {SchemaError} when not even one hour, or one day, fits into memory.
 */
export async function summarise(
  runner: Runner,
  comparison: Comparison,
  scope: Scope,
  options: SummaryOptions,
  chunks: Chunks,
): Promise<Summary[]> {
  const summaries: Summary[] = [];
  for (const part of await scopesWithin(runner, comparison, scope, options, chunks)) {
    try {
      summaries.push(await summariseOnce(runner, comparison, part, options));
    } catch (error) {
      if (!isOutOfMemory(error) && !(error instanceof TimeoutError)) throw error;
      for (const narrow of await narrower(runner, comparison, part, options, error, chunks)) {
        summaries.push(...(await summarise(runner, comparison, narrow, options, chunks)));
      }
    }
  }
  return summaries;
}

async function scopesWithin(
  runner: Runner,
  comparison: Comparison,
  scope: Scope,
  options: VerifyOptions,
  { rows }: Chunks,
): Promise<Scope[]> {
  if (scope.ids !== undefined || rows >= (options.windowRows ?? DEFAULT_WINDOW)) return [scope];
  return windowsOf(runner, comparison, scope, { ...options, windowRows: rows });
}

async function narrower(
  runner: Runner,
  comparison: Comparison,
  scope: Scope,
  options: VerifyOptions,
  cause: ServerError | TimeoutError,
  chunks: Chunks,
): Promise<Range[]> {
  const least = 1000;
  for (let { rows } = chunks; scope.ids === undefined && rows > least; rows /= 4) {
    const windows = await windowsOf(runner, comparison, scope, { ...options, windowRows: rows });
    if (windows.length < 2) continue;
    chunks.rows = rows;
    return windows;
  }
  if (cause instanceof TimeoutError) throw cause;
  const name = qualifiedName(comparison.subject.shown);
  throw new SchemaError(
    "memory-too-small",
    `${name}: its smallest window does not fit into ${options.maxMemory ?? DEFAULT_MEMORY} bytes of memory. Give it more (--max-memory): ${cause.message}`,
    { cause },
  );
}

async function summariseOnce(
  runner: Runner,
  comparison: Comparison,
  scope: Scope,
  options: SummaryOptions,
): Promise<Summary> {
  const sql = summaryQuery(comparison, scope) + groupSettings(runner, options);
  const [row] = await runner.rowsOfLong<{
    buckets: string;
    expired: string;
    partly: string;
    different: string[];
    first: string;
    known_buckets: string;
  }>(sql, options.onRead);
  if (row === undefined) throw new SchemaError("internal", `The server returned no row: ${sql}`);
  return {
    buckets: Number(row.buckets),
    expired: Number(row.expired),
    partly: Number(row.partly),
    different: row.different,
    first: row.known_buckets === "0" ? undefined : Number(row.first),
  };
}

/** Rechecks buckets that differ, until nothing was written during the check. */
export async function recheckUntilStable(
  runner: Runner,
  comparison: Comparison,
  ids: readonly string[],
  options: VerifyOptions,
): Promise<{ differences: BucketDifference[]; busy: string[] }> {
  const differences: BucketDifference[] = [];
  const busy: string[] = [];
  const open = [...batches(ids, comparison)];
  const most = PIECES + open.length;
  for (let pieces = open.length, batch = open.shift(); batch !== undefined; batch = open.shift()) {
    const found = await recheckBatch(runner, comparison, batch, options);
    if (found.still) differences.push(...found.differences);
    else if (found.ids.length > 1 && pieces < most) {
      // Some of the buckets may be complete while others are still written to.
      const half = Math.ceil(found.ids.length / 2);
      open.unshift(found.ids.slice(0, half), found.ids.slice(half));
      pieces += 1;
    } else busy.push(...found.ids);
  }
  return { differences, busy };
}

async function recheckBatch(
  runner: Runner,
  comparison: Comparison,
  batch: readonly string[],
  options: VerifyOptions,
): Promise<{ still: boolean; differences: BucketDifference[]; ids: readonly string[] }> {
  let ids = batch;
  let proofs = 0;
  const looks = batch.length > 1 ? LOOKS / 2 : LOOKS;
  for (let look = 0; look < looks; look++) {
    if (look > 0) await pause(Math.min(1000, 100 * look));
    const looked = scopeCondition(comparison, { ids });
    const state = (): Promise<string> => sourceFingerprint(runner, comparison, looked);
    // Rows seen here belong to earlier inserts, which are awaited: their views have run when the buckets are compared.
    const before = await state();
    const ended = await awaitRunningInserts(runner);
    const differences = await details(runner, comparison, ids, options);
    if (differences.length === 0) return { still: true, differences: [], ids: [] };
    const still = ended && (await awaitRunningInserts(runner)) && before === (await state());
    ids = differences.map(({ id }) => id);
    proofs = still ? proofs + 1 : 0;
    if (proofs >= STABLE_CHECKS) return { still: true, differences, ids };
  }
  return { still: false, differences: [], ids };
}

/** How some buckets differ right now. */
export async function details(
  runner: Runner,
  comparison: Comparison,
  ids: readonly string[],
  options: VerifyOptions,
): Promise<BucketDifference[]> {
  const rows = await runner.rows<DetailRow>(detailQuery(comparison, { ids }) + groupSettings(runner, options));
  return rows.map((row) => ({
    bucket: row.bucket,
    id: row.id,
    keys: Number(row.keys),
    missing: Number(row.missing),
    surplus: Number(row.surplus),
    ...(row.example !== "" && { example: row.example }),
    columns: comparison.measures.flatMap(({ column }, index) => columnOf(column, row[`x${index}`])),
  }));
}

interface DetailRow {
  readonly id: string;
  readonly bucket: string;
  readonly keys: string;
  readonly missing: string;
  readonly surplus: string;
  readonly example: string;
  readonly [column: `x${number}`]: unknown;
}

function columnOf(column: string, value: unknown): ColumnDifference[] {
  if (!Array.isArray(value)) return [];
  const [keys, example] = value as [string, [string, string, string]];
  if (keys === "0") return [];
  const [key, expected, found] = example;
  return [{ column, keys: Number(keys), key, expected, found }];
}

/** Names of some buckets, chosen at random from those of the target and, where that query is cheap, of its sources. */
export async function sampleOf(
  runner: Runner,
  comparison: Comparison,
  range: Range,
  count: number,
  options: VerifyOptions,
): Promise<string[]> {
  const { bucket, subject } = comparison;
  const id = bucketId(bucket);
  const where = inRange(bucket, range);
  const columns = neededColumns({ ...comparison, measures: [] });
  const sides = [
    `SELECT DISTINCT ${id} AS id FROM ${qualifiedName(subject.target)} WHERE ${where}`,
    ...subject.feeds.map((feed) => `${truthBuckets(comparison, feed, id, columns)} WHERE ${where}`),
  ];
  const rows = await runner.rows<{ id: string }>(
    `SELECT DISTINCT id FROM (${sides.join(" UNION ALL ")}) ORDER BY rand() LIMIT ${count}${groupSettings(runner, options)}`,
  );
  return rows.map(({ id: found }) => found);
}

/** The first bucket that the sources have any row for, whatever range is compared. */
export async function firstBucket(runner: Runner, comparison: Comparison, options: VerifyOptions): Promise<number> {
  const { bucket, subject } = comparison;
  const id = `toInt64OrZero(${bucketId(bucket)})`;
  const columns = neededColumns({ ...comparison, measures: [] });
  const sides = subject.feeds.map((feed) => truthBuckets(comparison, feed, id, columns));
  const { first } = await runner.one<{ first: string }>(
    `SELECT toString(min(id)) AS first FROM (${sides.join(" UNION ALL ")})${groupSettings(runner, options)}`,
  );
  return Number(first);
}

/** Buckets in groups small enough for one statement. */
export function* batches(ids: readonly string[], { bucket, subject }: Comparison): Generator<readonly string[]> {
  const size = Math.max(1, Math.floor(BATCH[bucket.kind] / (1 + subject.feeds.length)));
  for (let from = 0; from < ids.length; from += size) yield ids.slice(from, from + size);
}
