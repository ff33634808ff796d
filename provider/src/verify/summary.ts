import { type ServerError, TimeoutError } from "../connection/errors";
import { isOutOfMemory } from "../connection/server-message";
import { SchemaError } from "../errors";
import type { Runner } from "../operation/runner";
import { qualifiedName } from "../sql/identifiers";
import { bucketId, inRange, type Range } from "./bucket";
import { type Comparison, type Scope, summaryQuery } from "./comparison";
import { DEFAULT_MEMORY, groupSettings } from "./group-settings";
import type { VerifyOptions } from "./types";

/** Target rows of a window. */
export const DEFAULT_WINDOW = 5_000_000;

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
export async function summarize(
  runner: Runner,
  comparison: Comparison,
  scope: Scope,
  options: SummaryOptions,
  chunks: Chunks,
): Promise<Summary[]> {
  const summaries: Summary[] = [];
  for (const part of await scopesWithin(runner, comparison, scope, options, chunks)) {
    try {
      summaries.push(await summarizeOnce(runner, comparison, part, options));
    } catch (error) {
      if (!isOutOfMemory(error) && !(error instanceof TimeoutError)) throw error;
      for (const narrow of await narrower(runner, comparison, part, options, error, chunks)) {
        summaries.push(...(await summarize(runner, comparison, narrow, options, chunks)));
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

async function summarizeOnce(
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
