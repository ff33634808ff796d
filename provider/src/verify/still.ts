import { drain } from "../apply/protocol/gate";
import { isTable, partsOf } from "../apply/protocol/parts";
import type { Runner } from "../apply/protocol/runner";
import { ServerError } from "../connection/errors";
import { quoteString } from "../sql/identifiers";
import { objectKey } from "../sql/object-key";
import { type Comparison, truthRows } from "./comparison";
import { itemOf, onlySelect, ungrouped } from "./rewrite";
import type { Feed, SourceTable } from "./subject";

/** How long inserts under way are waited for, in milliseconds. */
const PATIENCE = 5000;

/** What a table held at a moment: highest block number and newest mutation by partition; rows where it has no parts. */
export type Cover = ReadonlyMap<string, string>;

/** Partitions that matter, by table; absent: all of them. Partitions that come later always matter. */
export type Watched = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Waits for the inserts that have begun.
 *
 * @param since the moment, by the server's clock in milliseconds. Default: now.
 * @returns false when one of them takes longer than a few seconds.
 */
export async function inserted(runner: Runner, since?: number): Promise<boolean> {
  const now = await runner.now();
  return drain(runner, { closed: since ?? now, deadline: now + PATIENCE });
}

/** The tables that the views of a target read. */
export function sourcesOf({ subject }: Comparison): SourceTable[] {
  const found = new Map<string, SourceTable>();
  for (const { source } of subject.feeds) {
    if (source !== undefined) found.set(objectKey(source.database, source.name), source);
  }
  return [...found.values()];
}

/** What the sources hold now. */
export async function coverOf(runner: Runner, comparison: Comparison): Promise<Cover> {
  const cover = new Map<string, string>();
  for (const source of sourcesOf(comparison)) {
    const key = objectKey(source.database, source.name);
    if (!source.engine.endsWith("MergeTree")) {
      const { rows } = await runner.one<{ rows: string }>(
        `SELECT toString(sum(total_rows)) AS rows FROM system.tables WHERE ${isTable(source, "name")}`,
      );
      cover.set(key, rows);
      continue;
    }
    const newest = new Map<string, [number, number]>();
    for (const { high, mutation, partition } of await partsOf(runner, source)) {
      const [block, version] = newest.get(partition) ?? [-1, 0];
      newest.set(partition, [Math.max(block, high), Math.max(version, mutation)]);
    }
    for (const [partition, state] of newest) cover.set(`${key}\0${partition}`, state.join("/"));
  }
  return cover;
}

/** Whether nothing came in between. */
export function isStill(before: Cover, after: Cover, watched?: Watched): boolean {
  const isWatched = (key: string): boolean => {
    const at = key.lastIndexOf("\0");
    const partitions = watched?.get(key.slice(0, at));
    return partitions === undefined || partitions.has(key.slice(at + 1));
  };
  for (const [key, state] of after) {
    if (before.get(key) !== state && (!before.has(key) || isWatched(key))) return false;
  }
  return [...before.keys()].every((key) => after.has(key) || !isWatched(key));
}

/**
 * Finds the partitions of the sources that have rows for some rows of the target.
 *
 * @param condition over the target's time column; see `scopeCondition`.
 * @returns nothing for a source where that cannot be asked.
 */
export async function watchedBy(runner: Runner, comparison: Comparison, condition: string): Promise<Watched> {
  const found = new Map<string, Set<string>>();
  const unknown = new Set<string>();
  for (const feed of comparison.subject.feeds) {
    const { source } = feed;
    if (source === undefined) continue;
    const key = objectKey(source.database, source.name);
    const partitions = await partitionsOf(runner, comparison, feed, condition);
    if (partitions === undefined) unknown.add(key);
    const known = found.get(key) ?? new Set<string>();
    for (const partition of partitions ?? []) known.add(partition);
    found.set(key, known);
  }
  for (const key of unknown) found.delete(key);
  return found;
}

async function partitionsOf(
  runner: Runner,
  comparison: Comparison,
  feed: Feed,
  condition: string,
): Promise<string[] | undefined> {
  const { bucket } = comparison;
  const select = onlySelect(feed.view.query);
  const item = select === undefined || bucket.kind !== "time" ? undefined : itemOf(select, bucket.column);
  if (select === undefined || item === undefined || bucket.kind !== "time" || select.from.length !== 1) return undefined;
  const outputs = `${item.expression.text} AS _schema_time, _partition_id AS _schema_partition`;
  const rows = ungrouped(feed.view.query, select, outputs, false);
  if (rows === undefined || !feed.source?.engine.endsWith("MergeTree")) return undefined;
  const type = comparison.spec.columns.find(({ name }) => name === bucket.column)?.type ?? "";
  const times = `SELECT CAST(_schema_time, ${quoteString(type)}) AS \`${bucket.column}\`, _schema_partition FROM (${rows})`;
  const sql = `SELECT DISTINCT _schema_partition AS partition FROM (${times}) WHERE ${condition} SETTINGS final = 0`;
  try {
    return (await runner.rows<{ partition: string }>(sql)).map(({ partition }) => partition);
  } catch (error) {
    // A condition may use a name of an output that is not there any more: then every partition matters.
    if (error instanceof ServerError) return undefined;
    throw error;
  }
}

/** The buckets that the sources have rows for, as a query with one column `id`. */
export function truthBuckets(comparison: Comparison, feed: Feed, id: string, columns: readonly string[]): string {
  return `SELECT DISTINCT ${id} AS id FROM (${truthRows(comparison, feed, columns)})`;
}
