import type { Connection } from "../connection/connection";
import { type FoundObject, introspectServer } from "../introspect/server";
import { keyParts } from "../sql/object-key";
import type { MaterializedViewSpec } from "../sql/spec";
import { bucketSource, layoutOf, namedTime, sourceKeys, type TimeColumn, targetKey, timeColumn } from "./lineage";
import { type BucketRequest, type RangeRequest, rangeKey, readBuckets, readRanges } from "./ranges";
import { optional, type PartsOf, type Range, readDisk, readParts, readRefreshes, readViewLog } from "./system";
import { describeView } from "./view-health";
import type { ServerStatus } from "./view-status";

/** Options of {@link readStatus}. */
export interface StatusOptions {
  /** Views of these databases. Default: all. */
  readonly databases?: readonly string[];
  /**
   * Reads a whole column if no metadata of parts has its range. Default: false; its times are then unknown. Costs a scan of that column for
   * each such table.
   */
  readonly scan?: boolean;
}

/** A view with what its statement says about its sources and its target. */
export interface KnownView {
  readonly key: string;
  readonly spec: MaterializedViewSpec;
  readonly sources: readonly string[];
  readonly target: string;
  /** The target's column that holds the bucket. */
  readonly bucket?: TimeColumn;
  /** The first source's column that the bucket is computed from. */
  readonly time?: TimeColumn;
  readonly expression?: string;
}

/** Everything that was read, for {@link describeView}. */
export interface Reading {
  readonly objects: ReadonlyMap<string, FoundObject>;
  /** Keys of everything on the server, including objects that this package does not manage. */
  readonly known: ReadonlySet<string>;
  readonly views: readonly KnownView[];
  readonly parts: ReadonlyMap<string, PartsOf>;
  readonly bytes: number;
  readonly refreshes: Awaited<ReturnType<typeof readRefreshes>>;
  readonly log: Awaited<ReturnType<typeof readViewLog>>;
  readonly rangeOf: (key: string, column: TimeColumn | undefined) => Range | undefined;
  /** The bucket of the source's newest row, by view. */
  readonly expected: ReadonlyMap<string, number>;
}

const NO_REFRESHES: Reading["refreshes"] = new Map();
const NO_LOG: Reading["log"] = new Map();
const NO_LOG_NOTE = "errors of incremental views are not shown (the server's config turns the log on)";

/**
 * Health of every materialized view on the server. Costs about ten queries, whatever the number of views, all of system tables and of the
 * metadata of parts; with `scan`, also of columns.
 *
 * @throws {SchemaError} when a selected database does not exist.
 */
export async function readStatus(connection: Connection, options: StatusOptions = {}): Promise<ServerStatus> {
  const at = new Date().toISOString();
  const notes: string[] = [];
  const found = await introspectServer(connection);
  const objects = new Map(found.managed.map((object) => [object.key, object]));
  const views = await selectViews(connection, objects, options);
  const parts = await readParts(connection);
  const disk = await optional("system.disks", () => readDisk(connection), undefined, "free space is not shown", notes);
  const refreshes = await optional(
    "system.view_refreshes",
    () => readRefreshes(connection),
    NO_REFRESHES,
    "when views refresh is not shown",
    notes,
  );
  const log = await optional("system.query_views_log", () => readViewLog(connection), NO_LOG, NO_LOG_NOTE, notes);
  const rangeOf = await rangesOf(connection, views, parts, options.scan ?? false);
  const expected = await readBuckets(connection, bucketRequests(views, rangeOf));
  const bytes = [...parts.values()].reduce((sum, one) => sum + one.bytes, 0);
  const known = new Set([...objects.keys(), ...found.unmanaged.map(({ key }) => key), ...parts.keys()]);
  const reading: Reading = { objects, known, views, parts, bytes, refreshes, log, rangeOf, expected };
  const wanted = views.filter(({ key }) => options.databases?.includes(keyParts(key).database) ?? true);
  return {
    url: connection.url,
    version: connection.version,
    at,
    bytes,
    ...(disk && { disk }),
    views: wanted.map((view) => describeView(view, reading)),
    notes,
  };
}

/** Views of all databases, because others may share their targets; a selected database that is missing is an error. */
async function selectViews(
  connection: Connection,
  objects: ReadonlyMap<string, FoundObject>,
  { databases }: StatusOptions,
): Promise<KnownView[]> {
  const present = new Set([...objects.keys()].map((key) => keyParts(key).database));
  // Queried again for the error message, and for a database that only a selection by name may find.
  if (databases?.some((name) => !present.has(name))) await introspectServer(connection, { databases });
  const declared = new Set(objects.keys());
  return [...objects.values()].flatMap(({ key, spec, live }) =>
    spec.kind === "materializedView" ? [knownView(key, spec, live.uuid, objects, declared)] : [],
  );
}

function knownView(
  key: string,
  spec: MaterializedViewSpec,
  uuid: string,
  objects: ReadonlyMap<string, FoundObject>,
  declared: ReadonlySet<string>,
): KnownView {
  const sources = sourceKeys(spec, declared);
  const target = targetKey(spec, uuid);
  // An inner table has the columns and the storage of its view.
  const held = spec.to === undefined ? layoutOf(spec) : layoutOf(objects.get(target)?.spec);
  const bucket = timeColumn(held.columns, held.storage);
  const found = sources.map((one) => {
    const layout = layoutOf(objects.get(one)?.spec);
    const made = bucket && bucketSource(spec, bucket.name, layout.columns);
    const time = made
      ? namedTime(layout.columns, layout.storage, made.column)
      : timeColumn(layout.columns, layout.storage);
    return { time, expression: made?.expression };
  });
  const [best] = [...found.filter(({ expression }) => expression), ...found.filter(({ time }) => time)];
  const { time, expression } = best ?? {};
  return {
    key,
    spec,
    sources,
    target,
    ...(bucket && { bucket }),
    ...(time && { time }),
    ...(expression !== undefined && { expression }),
  };
}

/** Ranges from the metadata of parts where the partition key has the column; the rest in one query. */
async function rangesOf(
  connection: Connection,
  views: readonly KnownView[],
  parts: ReadonlyMap<string, PartsOf>,
  scan: boolean,
): Promise<Reading["rangeOf"]> {
  const requests = new Map<string, RangeRequest>();
  for (const { target, bucket, sources, time } of views) {
    const pairs = [[target, bucket] as const, ...sources.slice(0, 1).map((source) => [source, time] as const)];
    for (const [key, column] of pairs) {
      if (column === undefined || (parts.get(key)?.rows ?? 0) === 0) continue;
      const known = column.range === "parts" && parts.get(key)?.times !== undefined;
      if (known || (column.range === "none" && !scan)) continue;
      requests.set(rangeKey(key, column.name), { key, column });
    }
  }
  const read = await readRanges(connection, [...requests.values()]);
  return (key, column) => {
    if (column === undefined) return undefined;
    const fromParts = column.range === "parts" ? parts.get(key)?.times : undefined;
    return fromParts ?? read.get(rangeKey(key, column.name));
  };
}

function bucketRequests(views: readonly KnownView[], rangeOf: Reading["rangeOf"]): BucketRequest[] {
  return views.flatMap(({ key, sources: [source], time, expression }) => {
    const newest = source === undefined ? undefined : rangeOf(source, time)?.newest;
    if (time === undefined || expression === undefined || newest === undefined) return [];
    return [{ key, bucket: { column: time.name, expression }, type: time.type, newest }];
  });
}
