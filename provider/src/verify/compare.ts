import { pause, type Runner } from "../operation/runner";
import { qualifiedName } from "../sql/identifiers";
import { bucketId, inRange, type Range } from "./bucket";
import { type Comparison, detailQuery, neededColumns, scopeCondition } from "./comparison";
import { groupSettings } from "./group-settings";
import { awaitRunningInserts, sourceFingerprint, truthBuckets } from "./quiescence";
import type { BucketDifference, ColumnDifference, VerifyOptions } from "./types";

/** Buckets that one statement names, once for each side; fewer partitions, because their names are longer than numbers. */
const BATCH = { time: 8000, partition: 800, all: 2 } as const;
/** How often a differing bucket is checked before it is reported as busy. */
const LOOKS = 8;
/** How often it must differ while nothing came in: background flushes appear in no list of inserts. */
const STABLE_CHECKS = 2;
/** A batch that is being written to is split, down to this many pieces. */
const PIECES = 64;

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
