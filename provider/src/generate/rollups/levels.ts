import { SchemaError } from "../../errors";
import {
  defineLevel,
  levelTtl,
  type Rollup,
  type RollupLevelShape,
  type RollupTtl,
  renderLevelFill,
  renderLevelTarget,
} from "../../rollup";
import { partitionOf } from "../../rollup/bucket";
import { backtick } from "../../sql/identifiers";
import { keyOf, quotedName } from "../../sql/object-key";
import type { MaterializedViewSpec, TableSpec } from "../../sql/spec";
import { type Base, feedOf } from "./base";
import { bucketOf } from "./bucket";
import { type Catalog, oddTarget, oddView } from "./catalog";
import { groupingOf } from "./query";
import { looksLike, sortingKey } from "./text";
import { sameTtl, ttlsFor } from "./ttl";

/** A coarser level, as read from its objects. */
export interface Level {
  readonly target: TableSpec;
  readonly view: MaterializedViewSpec;
  readonly every: string;
  /** Name of the bucket. */
  readonly bucket: string;
  /** Left out if it equals that of the level below. */
  readonly ttl?: RollupTtl;
  readonly partitionBy?: string | false;
  /** As the code defines it. */
  readonly rollup: Rollup;
}

/** The levels on top of a rollup, each fed by the one before. */
export function levelsOf(catalog: Catalog, base: Base): Level[] {
  const levels: Level[] = [];
  const [first] = base.fills;
  let below = { target: base.target, rollup: feedOf(base, first).rollup };
  for (;;) {
    const next = targetsOver(catalog, below.target)
      .map((target) => levelOf(catalog, base, below, target))
      .find((level) => level !== undefined);
    if (next === undefined || levels.some(({ target }) => target === next.target)) return levels;
    levels.push(next);
    below = next;
  }
}

/** Tables that a view fills from the table. */
function targetsOver({ objects, into }: Catalog, below: TableSpec): TableSpec[] {
  return [...into].flatMap(([key, views]) => {
    const target = objects.get(key);
    const [view, ...others] = views;
    if (target?.kind !== "table" || view === undefined || others.length > 0 || key === keyOf(below)) return [];
    const grouping = groupingOf(view.query);
    return typeof grouping !== "string" && grouping.source === keyOf(below) ? [target] : [];
  });
}

function levelOf(
  catalog: Catalog,
  base: Base,
  below: { readonly target: TableSpec; readonly rollup: Rollup },
  target: TableSpec,
): Level | undefined {
  const [view] = catalog.into.get(keyOf(target)) ?? [];
  const grouping = view && groupingOf(view.query);
  if (view === undefined || grouping === undefined || typeof grouping === "string") return undefined;
  if (oddTarget(target) !== undefined || oddView(view, catalog) !== undefined || !isLaidOutAs(base.target, target))
    return undefined;
  if (view.database !== target.database) return undefined;
  for (const { name, text } of grouping.items) {
    const found = bucketOf(text);
    if (found === undefined || !looksLike(found.time, backtick(below.rollup.bucket.name))) continue;
    const level = withBucket(base, below, target, view, { every: found.every, bucket: name });
    if (level !== undefined) return level;
  }
  return undefined;
}

/** Levels of one rollup have the same engine, settings, indexes and comment, and are in one database. */
function isLaidOutAs(base: TableSpec, target: TableSpec): boolean {
  const shared = ({ database, storage, indexes, comment }: TableSpec): string =>
    JSON.stringify([database, storage.engine, storage.settings, indexes, comment]);
  return shared(base) === shared(target);
}

function withBucket(
  base: Base,
  below: { readonly target: TableSpec; readonly rollup: Rollup },
  target: TableSpec,
  view: MaterializedViewSpec,
  { every, bucket }: { readonly every: string; readonly bucket: string },
): Level | undefined {
  const name = quotedName(keyOf(below.target));
  const wanted = target.storage.ttl;
  const shapes: RollupLevelShape[] = [{ every, bucket }];
  const plain = definedBy(below.rollup, { every, bucket });
  if (plain === undefined) return undefined;
  if (wanted !== undefined)
    for (const ttl of ttlsFor(wanted, plain)) shapes.push({ every, bucket, ...(ttl !== undefined && { ttl }) });
  for (const shape of shapes) {
    const rollup = definedBy(below.rollup, shape);
    if (rollup === undefined || !sameTtl(() => ttlOf(base, rollup).expression, wanted)) continue;
    const ttl = ttlOf(base, rollup);
    if (!looksLike(renderLevelFill(rollup, { name }, ttl), view.query)) continue;
    if (renderLevelTarget(rollup, { name }, ttl).orderBy.join() !== sortingKey(target)?.map(backtick).join()) continue;
    const usual = partitionOf(rollup.bucket.width, backtick(rollup.bucket.name));
    const { partitionBy } = target.storage;
    const isUsual = partitionBy !== undefined && looksLike(partitionBy, usual);
    return {
      target,
      view,
      every,
      bucket,
      rollup,
      ...(shape.ttl !== undefined && { ttl: shape.ttl }),
      ...(!isUsual && { partitionBy: partitionBy ?? false }),
    };
  }
  return undefined;
}

/** The TTL of a level, derived from the first source of its rollup. */
export function ttlOf(base: Base, level: Rollup) {
  const { rollup, source } = feedOf(base, base.fills[0]);
  return levelTtl(level, rollup, source.table, source.name);
}

function definedBy(below: Rollup, shape: RollupLevelShape): Rollup | undefined {
  try {
    return defineLevel(below, shape, "cascade");
  } catch (error) {
    if (error instanceof SchemaError) return undefined;
    throw error;
  }
}
