import { readTable } from "../clickhouse/catalog";
import { baseEngine, isMergeTreeFamily } from "../clickhouse/engines";
import { ServerError } from "../connection/errors";
import { awaitInserts } from "../operation/gate";
import { partsOf } from "../operation/parts";
import type { Runner } from "../operation/runner";
import { backtick, quoteString } from "../sql/identifiers";
import { type Comparison, truthRows } from "./comparison";
import { itemOf, onlySelect, ungrouped } from "./rewrite";
import type { Feed, SourceTable } from "./subject";

/** How long running inserts are awaited, in milliseconds. */
const INSERT_WAIT_MS = 3500;

/**
 * Waits for the inserts that have begun.
 *
 * @param since the time, by the server's clock in milliseconds. Default: now.
 * @returns false when one of them takes longer than a few seconds.
 */
export async function awaitRunningInserts(runner: Runner, since?: number): Promise<boolean> {
  const now = await runner.now();
  return awaitInserts(runner, { closed: since ?? now, patience: now + INSERT_WAIT_MS });
}

/**
 * A fingerprint of what the sources hold for some rows of the target, which changes when rows are added or removed: number and times of the
 * rows; where merges reduce the rows, the newest blocks of their partitions.
 *
 * @param condition over the target's time column; see `scopeCondition`.
 */
export async function sourceFingerprint(runner: Runner, comparison: Comparison, condition: string): Promise<string> {
  const states: string[] = [];
  for (const feed of comparison.subject.feeds) {
    const counted = await countRows(runner, comparison, feed, condition);
    states.push(counted ?? (await newestBlocks(runner, comparison, feed, condition)));
  }
  return states.join("; ");
}

/** @returns undefined where counting proves nothing, or is not possible. */
async function countRows(
  runner: Runner,
  comparison: Comparison,
  feed: Feed,
  condition: string,
): Promise<string | undefined> {
  const { source } = feed;
  if (source === undefined || /.MergeTree$/.test(baseEngine(source.engine))) return undefined;
  const rows = timesOf(comparison, feed, "1 AS _schema_one");
  if (rows === undefined) return undefined;
  const found = await asked<{ rows: string; hash: string }>(
    runner,
    `SELECT toString(count()) AS rows, toString(sum(cityHash64(_schema_time))) AS hash FROM (${rows}) WHERE ${condition} SETTINGS final = 0`,
  );
  if (found?.[0] === undefined) return undefined;
  // An update does not change the number of rows.
  const newest = isMergeTreeFamily(source.engine) ? await newestMutation(runner, source) : 0;
  return `${found[0].rows}/${found[0].hash}/${newest}`;
}

async function newestMutation(runner: Runner, source: SourceTable): Promise<number> {
  return (await partsOf(runner, source)).reduce((newest, { mutation }) => Math.max(newest, mutation), 0);
}

async function newestBlocks(runner: Runner, comparison: Comparison, feed: Feed, condition: string): Promise<string> {
  const { source } = feed;
  if (source === undefined) return "";
  if (!isMergeTreeFamily(source.engine)) {
    return String((await readTable(runner, source))?.rows ?? 0);
  }
  const times = timesOf(comparison, feed, "_partition_id AS _schema_partition");
  const asking = `SELECT DISTINCT _schema_partition AS partition FROM (${times}) WHERE ${condition} SETTINGS final = 0`;
  const found = times === undefined ? undefined : await asked<{ partition: string }>(runner, asking);
  const wanted = found === undefined ? undefined : new Set(found.map(({ partition }) => partition));
  const newest = new Map<string, [number, number]>();
  for (const { high, mutation, partition } of await partsOf(runner, source)) {
    if (wanted?.has(partition) === false) continue;
    const [block, version] = newest.get(partition) ?? [-1, 0];
    newest.set(partition, [Math.max(block, high), Math.max(version, mutation)]);
  }
  return JSON.stringify([...newest].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The source's rows as the view reads them, each with the target's time. */
function timesOf(comparison: Comparison, { view }: Feed, output: string): string | undefined {
  const { bucket } = comparison;
  const select = onlySelect(view.query);
  const item = select === undefined || bucket.kind !== "time" ? undefined : itemOf(select, bucket.column);
  if (select === undefined || item === undefined || bucket.kind !== "time" || select.from.length !== 1)
    return undefined;
  const outputs = `${item.expression.text} AS _schema_time, ${output}`;
  const rows = ungrouped(view.query, select, outputs, false);
  if (rows === undefined) return undefined;
  const type = comparison.spec.columns.find(({ name }) => name === bucket.column)?.type ?? "";
  return `SELECT CAST(_schema_time, ${quoteString(type)}) AS ${backtick(bucket.column)}, * FROM (${rows})`;
}

/**
 * @returns undefined when the server rejects the query: a condition may use a name that is no longer an output, or that means another
 * column here.
 */
async function asked<Row extends object>(runner: Runner, sql: string): Promise<Row[] | undefined> {
  try {
    return await runner.rows<Row>(sql);
  } catch (error) {
    if (error instanceof ServerError) return undefined;
    throw error;
  }
}

/** The buckets that the sources have rows for, as a query with one column `id`. */
export function truthBuckets(comparison: Comparison, feed: Feed, id: string, columns: readonly string[]): string {
  return `SELECT DISTINCT ${id} AS id FROM (${truthRows(comparison, feed, columns)})`;
}
