import { layoutOf, shownName } from "./lineage";
import type { KnownView, Reading } from "./read";
import { errorText, type Range } from "./system";
import type { Buckets, Lag, RefreshStatus, SourceStatus, Unknown, ViewStatus } from "./view-status";

/** Before the first refresh the engine reports a time in 1970: times up to this one mean none. Seconds. */
const NONE = 366 * 86_400;

/** Combines what was read of one view; pure. */
export function describeView(view: KnownView, reading: Reading): ViewStatus {
  const { key, spec, sources, target } = view;
  const isInner = spec.to === undefined;
  const sharing = isInner ? [] : reading.views.filter((other) => other.target === target && other.key !== key);
  const rows = reading.parts.get(target)?.rows ?? countedRows(target, reading);
  const refresh = refreshOf(view, reading);
  const ttl = (isInner ? layoutOf(spec) : layoutOf(reading.objects.get(target)?.spec)).storage?.ttl;
  const lastError = lastErrorOf(view, reading);
  return {
    view: shownName(key),
    kind: spec.refresh === undefined ? "incremental" : "refreshable",
    sources: sources.map((source, index) => sourceOf(source, index === 0 ? view : undefined, reading)),
    target: isInner ? shownName(key) : shownName(target),
    sharedWith: sharing.map((other) => shownName(other.key)),
    ...(rows !== undefined && { rows }),
    ...sizes(target, reading),
    ...reductionOf(view, rows, reading),
    buckets: bucketsOf(view, reading),
    lag: lagOf(view, reading),
    ...(ttl !== undefined && { ttl: ttl.replaceAll(/\s+/g, " ") }),
    ...(refresh && { refresh }),
    ...(lastError && { lastError }),
    problems: problemsOf(view, reading),
  };
}

function sizes(target: string, { parts, bytes }: Reading): Partial<ViewStatus> {
  const held = parts.get(target);
  if (held === undefined) return {};
  return {
    bytes: held.bytes,
    uncompressedBytes: held.uncompressedBytes,
    ...(held.compressedBytes > 0 && { compression: held.uncompressedBytes / held.compressedBytes }),
    parts: held.parts,
    share: bytes > 0 ? held.bytes / bytes : 0,
  };
}

/** For tables without parts: the engine's own row count. An empty MergeTree has no parts either. */
function countedRows(key: string, { objects, parts }: Reading): number | undefined {
  return parts.get(key)?.rows ?? objects.get(key)?.live.rows;
}

function sourceOf(key: string, view: KnownView | undefined, reading: Reading): SourceStatus {
  const rows = countedRows(key, reading);
  const bytes = reading.parts.get(key)?.bytes ?? reading.objects.get(key)?.live.bytes;
  const range = reading.rangeOf(key, view?.time);
  return {
    name: shownName(key),
    ...(rows !== undefined && { rows }),
    ...(bytes !== undefined && { bytes }),
    ...(range && view?.time && { times: shownRange(view.time.name, range) }),
  };
}

function reductionOf(view: KnownView, rows: number | undefined, reading: Reading): { reduction?: number } {
  const writers = reading.views.filter(({ target }) => target === view.target);
  const sources = new Set(writers.flatMap((writer) => writer.sources));
  let read = 0;
  for (const source of sources) {
    const counted = countedRows(source, reading);
    if (counted === undefined) return {};
    read += counted;
  }
  // A source that stores nothing (Null, Kafka) does not tell how many rows went through it.
  return rows === undefined || rows === 0 || read === 0 ? {} : { reduction: read / rows };
}

function bucketsOf(view: KnownView, reading: Reading): Buckets | Unknown {
  const { bucket, target } = view;
  if (bucket === undefined) return { unknown: "no date or time column tells the bucket" };
  const range = reading.rangeOf(target, bucket);
  if (range !== undefined) return shownRange(bucket.name, range);
  const isEmpty = (countedRows(target, reading) ?? 0) === 0;
  return { unknown: isEmpty ? "no rows" : unreadReason(bucket.name) };
}

function lagOf(view: KnownView, reading: Reading): Lag | Unknown {
  const { bucket, key, sources, target, time } = view;
  const [source] = sources;
  if (source === undefined) return { unknown: "reads no table" };
  if (time === undefined) return { unknown: `no date or time column in ${shownName(source)}` };
  if (bucket === undefined) return { unknown: "no date or time column tells the bucket" };
  const [from, to] = [reading.rangeOf(source, time), reading.rangeOf(target, bucket)];
  if (from === undefined) {
    const isEmpty = (countedRows(source, reading) ?? 0) === 0;
    return { unknown: isEmpty ? `${shownName(source)} has no rows` : unreadReason(time.name) };
  }
  if (to === undefined) return { unknown: "no bucket yet" };
  const expected = reading.expected.get(key);
  const seconds = Math.max(0, (expected ?? from.newest) - to.newest);
  return { seconds, exact: expected !== undefined };
}

function unreadReason(column: string): string {
  return `${column} is not in the partition key: --scan reads it`;
}

function refreshOf({ key, spec }: KnownView, { refreshes }: Reading): RefreshStatus | undefined {
  if (spec.refresh === undefined) return undefined;
  const found = refreshes.get(key);
  const schedule = spec.refresh.replaceAll(/\s+/g, " ");
  if (found === undefined) return { schedule };
  return {
    schedule,
    status: found.status,
    ...(found.last > NONE && { last: isoTime(found.last) }),
    ...(found.lastSuccess > NONE && { lastSuccess: isoTime(found.lastSuccess) }),
    ...(found.next > NONE && { next: isoTime(found.next) }),
  };
}

function lastErrorOf({ key }: KnownView, { log, refreshes }: Reading): ViewStatus["lastError"] {
  const refresh = refreshes.get(key);
  if (refresh !== undefined && refresh.exception !== "") {
    const at = refresh.last > NONE ? { at: isoTime(refresh.last) } : {};
    return { ...at, message: errorText(refresh.exception), recovered: false };
  }
  const failed = log.get(shownName(key));
  if (failed === undefined) return undefined;
  const recovered = failed.succeededAt > failed.failedAt;
  return { at: isoTime(failed.failedAt), message: errorText(failed.message), recovered };
}

function problemsOf({ sources, spec, target }: KnownView, { known, objects }: Reading): string[] {
  const problems: string[] = [];
  if (spec.to !== undefined && !known.has(target)) {
    const what = spec.refresh === undefined ? "every insert into the source fails" : "every refresh fails";
    problems.push(`its target ${shownName(target)} is not there: ${what}; create it, or drop the view`);
  }
  for (const source of sources) {
    const found = objects.get(source);
    if (!known.has(source)) problems.push(`its source ${shownName(source)} is not there: no row arrives`);
    else if (spec.refresh === undefined && found !== undefined && found.spec.kind !== "table") {
      problems.push(`it reads the view ${shownName(source)}, and inserts run no view behind a view: read its target`);
    }
  }
  return problems;
}

function shownRange(column: string, { oldest, newest }: Range): Buckets {
  return { column, oldest: isoTime(oldest), newest: isoTime(newest) };
}

/** Seconds since 1970 as `2026-01-02T03:04:05Z`. */
function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
