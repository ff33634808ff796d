import { describe, isObject, objectAt, Problems } from "../declare/fields";
import { backtick, quoteString, unquoteIdentifier } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import { didYouMean } from "../util/near";
import { bucketStart, describeWidth, isMadeOf, parseInterval, parseWidth, type Width } from "./bucket";
import { orderOf, refuseUnknownColumns } from "./layout";
import type { Measure } from "./measures";

/** The time bucket of a rollup. */
export interface RollupBucket {
  /** Column of the rollup that holds the bucket's start. */
  readonly name: string;
  /** Width: `"minute"`, `"5 minutes"`, `"hour"`, `"day"`, `"week"`, `"month"` … Several units only if they divide the next larger unit. */
  readonly every: string;
  /** Time of a row: a column of the source, or an expression over it. */
  readonly time: string;
  /** Time zone in which days and hours begin, e.g. `Asia/Kolkata`. Default: the time column's, or the server's. */
  readonly timezone?: string;
  /** Makes the bucket the first column, before the keys; for the sorting key, see `orderBy`. Default: false. */
  readonly first?: boolean;
}

/** How long rows of a rollup are kept; see `RollupArgs.ttl`. */
export type RollupTtl = string | RollupLongerTtl;

/** As long as the source's rows, or longer. */
export interface RollupLongerTtl {
  /** Like `ttl: "inherit"`. */
  readonly inherit: true;
  /** A time, e.g. `"395 days"`, counted from the end of the bucket. */
  readonly atLeast: string;
}

/** The part of a rollup that differs from source to source. */
export interface RollupSourceShape {
  readonly where?: string;
  readonly keys?: Readonly<Record<string, string>>;
  readonly time?: string;
  readonly measures?: Readonly<Record<string, Measure>>;
}

/** A coarser rollup on top. */
export interface RollupLevelShape {
  readonly every: string;
  readonly bucket?: string;
  readonly ttl?: RollupTtl;
}

/** The shape of a rollup as the user declares it, without names of objects. */
export interface RollupShape extends Omit<RollupSourceShape, "keys"> {
  readonly keys: readonly string[] | Readonly<Record<string, string>>;
  readonly bucket: RollupBucket;
  readonly measures: Readonly<Record<string, Measure>>;
  readonly ttl?: RollupTtl;
  readonly orderBy?: readonly string[];
  readonly columns?: Readonly<Record<string, object>>;
  readonly engine?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** A rollup, checked. */
export interface Rollup {
  /** Columns by which rows are grouped besides the bucket, with their expressions over the source. */
  readonly keys: readonly Named[];
  readonly bucket: Named & { readonly width: Width; readonly time: string; readonly timezone?: string };
  /** Keys and bucket in the order of the columns. */
  readonly dimensions: readonly Named[];
  /** Names of keys and bucket in the order of the sorting key. */
  readonly orderBy: readonly string[];
  readonly measures: readonly { readonly name: string; readonly measure: Measure }[];
  readonly where?: string;
  readonly ttl?: RollupTtl;
  /** Whether the target's settings allow nullable keys. */
  readonly nullableKeys: boolean;
}

/** A column and what fills it. */
export interface Named {
  readonly name: string;
  readonly expression: string;
}

/**
 * Checks what can be checked without an engine.
 *
 * @throws {SchemaError} naming every wrong argument.
 */
export function defineRollup(shape: RollupShape, source: RollupSourceShape = {}, path = ""): Rollup {
  const problems = new Problems();
  const at = (key: string): string => (path === "" ? key : `${path}.${key}`);
  refuseOtherShapes(shape, problems);
  const keys = keysOf(shape, source, at, problems);
  const bucket = bucketOf(shape, source, problems);
  for (const name of Object.keys(source.measures ?? {}))
    if (shape.measures[name] === undefined) {
      const near = didYouMean(name, Object.keys(shape.measures));
      problems.add(at(`measures.${name}`), `is no measure of the rollup, so a source cannot fill it otherwise${near}`);
    }
  const measures = Object.entries({ ...shape.measures, ...source.measures }).map(([name, measure]) => ({
    name,
    measure,
  }));
  for (const { name, measure } of measures) {
    if (measure.problem !== undefined) problems.add(`measures.${name}`, measure.problem);
    const same = shape.measures[name] ?? measure;
    if (same.merge !== measure.merge)
      problems.add(
        at(`measures.${name}`),
        `must be the same function as in the rollup (${same.merge}), found ${measure.merge}`,
      );
  }
  if (measures.filter(({ measure }) => measure.fill !== "").length === 0)
    problems.add("measures", "are missing; expected at least one, e.g. { requests: count() }");
  noNameTwice(keys, bucket, measures, problems);
  const where = source.where ?? shape.where;
  if (where !== undefined && where.trim() === "")
    problems.add(at("where"), "is empty; leave it out or give a condition");
  checkTtl(shape.ttl, "ttl", problems);
  if (shape.engine !== undefined && !/AggregatingMergeTree\s*(\(|$)/.test(shape.engine))
    problems.add(
      "engine",
      `expected AggregatingMergeTree, Replicated or Shared, because a rollup merges states; found ${shape.engine}`,
    );
  // Keys that an inherited TTL adds are not known yet: the query that makes the target knows all.
  if (!inherits(shape.ttl)) refuseUnknownColumns(shape, problems);
  const dimensions = shape.bucket.first === true ? [bucket, ...keys] : [...keys, bucket];
  const orderBy = orderOf(shape.orderBy, [...keys, bucket], problems);
  problems.throwIfAny();
  return {
    keys,
    bucket,
    dimensions,
    orderBy,
    measures,
    nullableKeys: ["1", "true"].includes(String(shape.settings?.["allow_nullable_key"])),
    ...(where !== undefined && { where }),
    ...(shape.ttl !== undefined && { ttl: shape.ttl }),
  };
}

/**
 * The rollup of a rollup: same keys and measures, wider buckets, states merged, not recomputed.
 *
 * @throws {SchemaError} when its buckets do not consist of whole buckets of `below`.
 */
export function defineLevel(below: Rollup, level: RollupLevelShape, path: string): Rollup {
  const problems = new Problems();
  const parsed = parseWidth(level.every);
  const width = typeof parsed === "string" ? below.bucket.width : parsed;
  if (typeof parsed === "string") problems.add(`${path}.every`, parsed);
  else if (!isMadeOf(width, below.bucket.width))
    problems.add(
      `${path}.every`,
      `a ${describeWidth(width)} is not made of whole buckets of the level below (${describeWidth(below.bucket.width)})`,
    );
  checkTtl(level.ttl, `${path}.ttl`, problems);
  const name = level.bucket ?? below.bucket.name;
  const time = backtick(below.bucket.name);
  const timezone = below.bucket.timezone === undefined ? undefined : quoteString(below.bucket.timezone);
  // A Date has no time zone.
  const zone = ["second", "minute", "hour"].includes(below.bucket.width.unit) ? timezone : undefined;
  const expression = bucketStart(width, time, zone);
  const ttl = level.ttl ?? below.ttl;
  if (inherits(level.ttl) && !inherits(below.ttl))
    problems.add(
      `${path}.ttl`,
      "can inherit only where the level below does: the columns it depends on come from there",
    );
  const keys = below.keys.map((key) => ({ name: key.name, expression: backtick(key.name) }));
  const bucket = { ...below.bucket, name, expression, width, time };
  noNameTwice(keys, bucket, below.measures, problems);
  problems.throwIfAny();
  const { measures, nullableKeys } = below;
  const dimensions = below.dimensions[0]?.name === below.bucket.name ? [bucket, ...keys] : [...keys, bucket];
  const orderBy = below.orderBy.map((column) => (column === below.bucket.name ? name : column));
  return { keys, bucket, dimensions, orderBy, measures, nullableKeys, ...(ttl !== undefined && { ttl }) };
}

/** Whether a key is a column of the source under its own name. */
export function isItself({ name, expression }: Named): boolean {
  const [token, ...rest] = lex(expression);
  return token !== undefined && rest.length === 0 && unquoteIdentifier(token.text) === name;
}

/** No compiler checks programs in plain JavaScript. */
function refuseOtherShapes(shape: RollupShape, problems: Problems): void {
  objectAt(shape.bucket, "bucket", ["name", "every", "time", "timezone", "first"], problems);
  if (!isObject(shape.measures))
    problems.add("measures", `expected a map from name to measure, found ${describe(shape.measures)}`);
  else
    for (const [name, measure] of Object.entries(shape.measures))
      if (typeof (measure as Partial<Measure> | undefined)?.fill !== "string")
        problems.add(`measures.${name}`, `expected a measure, e.g. count(), found ${describe(measure)}`);
  if (!Array.isArray(shape.keys) && !isObject(shape.keys))
    problems.add("keys", `expected columns or a map from name to expression, found ${describe(shape.keys)}`);
  problems.throwIfAny();
}

function keysOf(
  shape: RollupShape,
  source: RollupSourceShape,
  at: (key: string) => string,
  problems: Problems,
): Named[] {
  const named: Readonly<Record<string, string>> = Array.isArray(shape.keys)
    ? Object.fromEntries(shape.keys.map((name: string) => [name, backtick(name)]))
    : (shape.keys as Readonly<Record<string, string>>);
  for (const name of Object.keys(source.keys ?? {}))
    if (named[name] === undefined) {
      const near = didYouMean(name, Object.keys(named));
      problems.add(at(`keys.${name}`), `is no key of the rollup, so a source cannot fill it otherwise${near}`);
    }
  return Object.entries({ ...named, ...source.keys }).map(([name, expression]) => {
    if (typeof expression !== "string" || expression.trim() === "")
      problems.add(at(`keys.${name}`), "expected a column or an expression of the source, found none");
    return { name, expression };
  });
}

function bucketOf(shape: RollupShape, source: RollupSourceShape, problems: Problems): Rollup["bucket"] {
  const { name, every, timezone } = shape.bucket;
  const time = source.time ?? shape.bucket.time;
  const parsed = parseWidth(every);
  if (typeof parsed === "string") problems.add("bucket.every", parsed);
  if (typeof name !== "string" || name === "")
    problems.add("bucket.name", "is missing; expected the name of the rollup's time column");
  if (typeof time !== "string" || time.trim() === "")
    problems.add("bucket.time", "is missing; expected the time column of the source");
  const width: Width = typeof parsed === "string" ? { count: 1, unit: "hour" } : parsed;
  const expression = bucketStart(width, time, timezone === undefined ? undefined : quoteString(timezone));
  return { name, expression, width, time, ...(timezone !== undefined && { timezone }) };
}

function noNameTwice(keys: readonly Named[], bucket: Named, measures: Rollup["measures"], problems: Problems): void {
  const dimensions = [...keys.map(({ name }) => name), bucket.name];
  const seen = new Set<string>();
  for (const name of dimensions) {
    if (seen.has(name)) problems.add("bucket.name", `\`${name}\` is also a key; names must differ`);
    seen.add(name);
  }
  const shown = new Set(dimensions);
  for (const { name, measure } of measures) {
    if (seen.has(name)) problems.add(`measures.${name}`, "has the name of a key or the bucket; names must differ");
    for (const column of Object.keys(measure.shows ?? { "": "" }).map((column) => column || name)) {
      if (shown.has(column))
        problems.add(`measures.${name}`, `readers would see \`${column}\` twice; names must differ`);
      shown.add(column);
    }
  }
}

/** Whether a TTL is the source's, or at least that. */
export function inherits(ttl: RollupTtl | undefined): boolean {
  return ttl !== undefined && (typeof ttl !== "string" || ttl === "inherit");
}

function checkTtl(ttl: RollupTtl | undefined, path: string, problems: Problems): void {
  if (ttl === undefined) return;
  if (typeof ttl === "string") {
    if (ttl.trim() === "")
      problems.add(path, 'is empty; expected "inherit", a time such as "90 days", or an expression');
    return;
  }
  if (parseInterval(ttl.atLeast) === undefined)
    problems.add(`${path}.atLeast`, `expected a time such as "395 days", found ${JSON.stringify(ttl.atLeast)}`);
}
