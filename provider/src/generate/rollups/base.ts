import { NO_KEY } from "../../code/columns";
import { SchemaError } from "../../errors";
import {
  defineRollup,
  type Feed,
  type RollupShape,
  type RollupSourceShape,
  type RollupTtl,
  renderFill,
} from "../../rollup";
import { partitionOf } from "../../rollup/bucket";
import { backtick } from "../../sql/identifiers";
import { keyOf, quotedName } from "../../sql/object-key";
import type { MaterializedViewSpec, TableSpec } from "../../sql/spec";
import { bucketOf, type FoundBucket } from "./bucket";
import { type Catalog, oddTarget, oddView } from "./catalog";
import { make, measureOf } from "./measures";
import { type Grouping, groupingOf, type Item } from "./query";
import type { NamedCall } from "./read";
import { looksLike, sortingKey } from "./text";
import { isTtl, ttlsFor } from "./ttl";

/** A view that feeds the target. */
export interface Fill {
  readonly view: MaterializedViewSpec;
  /** Key of its source. */
  readonly source: string;
  /** Set if the program declares the source as a table. */
  readonly table?: TableSpec;
  readonly where?: string;
  /** Expressions of the keys, by name. */
  readonly keys: ReadonlyMap<string, string>;
  readonly time: string;
  readonly measures: readonly NamedCall[];
}

/** The finest level of a rollup, as read from its objects. */
export interface Base {
  readonly target: TableSpec;
  readonly fills: readonly [Fill, ...Fill[]];
  readonly bucket: Omit<FoundBucket, "time"> & { readonly name: string; readonly first: boolean };
  /** Names of keys and bucket in the order of the columns. */
  readonly dimensions: readonly string[];
  /** The sorting key, if it is not the keys followed by the bucket. */
  readonly orderBy?: readonly string[];
  readonly ttl?: RollupTtl;
  /** Set if it is not the usual one; `false` for none. */
  readonly partitionBy?: string | false;
}

/**
 * Reads a rollup's target and what feeds it. There are several answers if a column may be a key or come from an inherited TTL: what
 * readers see decides. A string says why it is not a rollup.
 */
export function basesOf(catalog: Catalog, target: TableSpec): readonly [Base, ...Base[]] | string {
  const odd = oddTarget(target);
  if (odd !== undefined) return odd;
  const views = catalog.into.get(keyOf(target)) ?? [];
  const groupings: [MaterializedViewSpec, Grouping][] = [];
  for (const view of views) {
    const grouping = oddView(view, catalog) ?? groupingOf(view.query);
    if (typeof grouping === "string") return grouping;
    groupings.push([view, grouping]);
  }
  const [first] = groupings;
  if (first === undefined) return "no view fills it";
  const names = namesOf(first[1], target);
  if (typeof names === "string") return names;
  let reason = "no time bucket is among its keys";
  for (const bucket of bucketsIn(first[1], names)) {
    const found = withBucket(catalog, target, groupings, names, bucket);
    if (typeof found !== "string") return found;
    reason = found;
  }
  return reason;
}

/** The names by which a view groups, in the order of its columns, which must be the target's. */
function namesOf({ items, groupBy }: Grouping, { columns }: TableSpec): string[] | string {
  const names = items.slice(0, groupBy.length).map(({ name }) => name);
  if ([...names].sort().join("\0") !== [...groupBy].sort().join("\0")) return "its keys are not its first columns";
  if (names.join("\0") !== groupBy.join("\0")) return "it groups in another order than its columns have";
  if (items.some(({ name }) => NO_KEY.test(name)))
    return "the name of a column is not a valid key of a JavaScript object";
  const given = items.map(({ name }) => name).join("\0");
  const kept = columns.map(({ name }) => name).join("\0");
  return given === kept ? names : "its view and its table do not have the same columns in the same order";
}

/** Names that may be the bucket, the likeliest first: the last of the sorting key. */
function bucketsIn({ items }: Grouping, names: readonly string[]): string[] {
  return items
    .filter(({ name, text }) => names.includes(name) && bucketOf(text) !== undefined)
    .map(({ name }) => name)
    .reverse();
}

function withBucket(
  catalog: Catalog,
  target: TableSpec,
  groupings: readonly [MaterializedViewSpec, Grouping][],
  names: readonly string[],
  bucket: string,
): readonly [Base, ...Base[]] | string {
  const fills: Fill[] = [];
  let found: FoundBucket | undefined;
  for (const [view, grouping] of groupings) {
    const text = grouping.items.find(({ name }) => name === bucket)?.text ?? "";
    const own = bucketOf(text);
    if (own === undefined || (found && (own.every !== found.every || own.timezone !== found.timezone)))
      return `its views do not have the same bucket \`${bucket}\``;
    const fill = fillOf(catalog, view, grouping, names, bucket, own.time);
    if (typeof fill === "string") return fill;
    found = own;
    fills.push(fill);
  }
  const [first, ...others] = fills;
  if (first === undefined || found === undefined) return "no view fills it";
  const { every, timezone } = found;
  const plain = {
    target,
    fills: [first, ...others] as const,
    bucket: { every, name: bucket, ...(timezone !== undefined && { timezone }) },
  };
  let reason = "the bucket is between its keys";
  const bases: Base[] = [];
  for (const hidden of hiddenOf(names, bucket)) {
    const visible = names.filter((name) => !hidden.includes(name));
    const isFirst = visible[0] === bucket && visible.length > 1;
    if (!isFirst && visible.at(-1) !== bucket) continue;
    const base = withHidden({ ...plain, bucket: { ...plain.bucket, first: isFirst }, dimensions: visible }, hidden);
    if (typeof base === "string") reason = base;
    else bases.push(base);
  }
  const [only, ...more] = bases;
  return only === undefined ? reason : [only, ...more];
}

function fillOf(
  { objects }: Catalog,
  view: MaterializedViewSpec,
  { source, where, items }: Grouping,
  names: readonly string[],
  bucket: string,
  time: string,
): Fill | string {
  const spec = objects.get(source);
  const measures: NamedCall[] = [];
  if (items.length === names.length) return "it keeps no measure";
  for (const { name, text } of items.slice(names.length)) {
    const found = measureOf(text);
    if (typeof found === "string") return found;
    measures.push({ name, code: found.code });
  }
  const keys = items.slice(0, names.length).filter(({ name }) => name !== bucket);
  return {
    view,
    source,
    ...(spec?.kind === "table" && { table: spec }),
    ...(where !== undefined && { where }),
    keys: new Map(keys.map(({ name, text }: Item) => [name, text])),
    time,
    measures,
  };
}

/** Candidates for the hidden keys after keys and bucket: none, or the last ones, on which an inherited TTL depends. */
function hiddenOf(names: readonly string[], bucket: string): string[][] {
  const behind = names.slice(names.indexOf(bucket) + 1);
  return [[], ...behind.map((_, index) => behind.slice(index))].filter((hidden) => hidden.length < names.length);
}

function withHidden(plain: Base, hidden: readonly string[]): Base | string {
  const { target, bucket, dimensions } = plain;
  const sorted = sortingKey(target);
  if (sorted === undefined) return "its sorting key has expressions";
  const tail = sorted.slice(dimensions.length);
  if (tail.join("\0") !== hidden.join("\0")) return "its sorting key is not what it groups by";
  const own = sorted.slice(0, dimensions.length);
  const usual = [...dimensions.filter((name) => name !== bucket.name), bucket.name];
  const ordered: Base = own.join("\0") === usual.join("\0") ? plain : { ...plain, orderBy: own };
  const undecided = withoutHidden(ordered, hidden);
  let reason = "its TTL does not follow from its sources";
  for (const ttl of ttlsFor(target.storage.ttl, defineRollup(shapeOf(undecided)))) {
    const base = { ...undecided, ...(ttl !== undefined && { ttl }) };
    if (
      !base.fills.every((fill) => isTtl(defined(base, fill), fill.table, quotedName(fill.source), target.storage.ttl))
    )
      continue;
    const partitioned = withPartition(base);
    const wrong = partitioned.fills.find((fill) => !looksLike(filled(partitioned, fill), fill.view.query));
    if (wrong === undefined) return partitioned;
    reason = `the query of \`${wrong.view.name}\` is not as a rollup writes it`;
  }
  return reason;
}

/** An inherited TTL adds the hidden columns: they are not declared keys. */
function withoutHidden(base: Base, hidden: readonly string[]): Base {
  const [first, ...others] = base.fills.map((fill) => ({
    ...fill,
    keys: new Map([...fill.keys].filter(([name]) => !hidden.includes(name))),
  }));
  return first === undefined ? base : { ...base, fills: [first, ...others] };
}

function withPartition(base: Base): Base {
  const { partitionBy } = base.target.storage;
  const usual = partitionOf(defineRollup(shapeOf(base)).bucket.width, backtick(base.bucket.name));
  if (partitionBy === undefined) return { ...base, partitionBy: false };
  return looksLike(partitionBy, usual) ? base : { ...base, partitionBy };
}

function filled(base: Base, fill: Fill): string {
  try {
    return renderFill(feedOf(base, fill));
  } catch (error) {
    if (error instanceof SchemaError) return "";
    throw error;
  }
}

/** What the rollup's code defines, without its names. @throws {SchemaError} if a rollup refuses it. */
export function shapeOf(base: Base): RollupShape {
  const [first] = base.fills;
  const { name, every, timezone, first: isFirst } = base.bucket;
  const where = commonWhere(base);
  return {
    keys: Object.fromEntries(first.keys),
    bucket: { name, every, time: first.time, ...(timezone !== undefined && { timezone }), first: isFirst },
    measures: measuresOf(first.measures),
    settings: Object.fromEntries(base.target.storage.settings.map((setting) => [setting.name, setting.value])),
    ...(where !== undefined && { where }),
    ...(base.ttl !== undefined && { ttl: base.ttl }),
    ...(base.orderBy !== undefined && { orderBy: base.orderBy }),
  };
}

/** The condition of all sources, if they share one. */
export function commonWhere({ fills }: Base): string | undefined {
  const [first] = fills;
  return fills.every(({ where }) => where === first.where) ? first.where : undefined;
}

/** What a source defines itself. */
export function sourceShapeOf(base: Base, fill: Fill): RollupSourceShape {
  const where = commonWhere(base) === undefined ? fill.where : undefined;
  return {
    ...(where !== undefined && { where }),
    keys: Object.fromEntries(fill.keys),
    time: fill.time,
    measures: measuresOf(fill.measures),
  };
}

function defined(base: Base, fill: Fill) {
  return defineRollup(shapeOf(base), sourceShapeOf(base, fill));
}

/** A source with the rollup that it feeds. @throws {SchemaError} if a rollup refuses it. */
export function feedOf(base: Base, fill: Fill): Feed {
  const { source, table } = fill;
  return { rollup: defined(base, fill), source: { name: quotedName(source), ...(table && { table }) } };
}

function measuresOf(named: readonly NamedCall[]) {
  return Object.fromEntries(named.map(({ name, code }) => [name, make(code)]));
}
