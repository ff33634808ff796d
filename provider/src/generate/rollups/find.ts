import { splitArguments } from "../../sql/fragments";
import { unquoteString } from "../../sql/identifiers";
import { keyOf, objectKey } from "../../sql/object-key";
import type { ObjectSpec, TableSpec, ViewSpec } from "../../sql/spec";
import { type Base, basesOf } from "./base";
import { type Catalog, catalogOf, oddView, targetsIn } from "./catalog";
import { type Level, levelsOf } from "./levels";
import { type NamedCall, shownBy } from "./read";

/** A rollup found among the objects of a server. */
export interface FoundRollup {
  readonly base: Base;
  /** What readers see, in their order; what is stored, if there is no read view. */
  readonly measures: readonly NamedCall[];
  readonly read?: ViewSpec;
  readonly levels: readonly FoundLevel[];
  /** The cluster over which its targets are spread; each has a table over all shards beside it. */
  readonly distributed?: string;
  readonly all?: TableSpec;
}

/** A coarser level of it. */
export interface FoundLevel extends Level {
  readonly read?: ViewSpec;
  readonly all?: TableSpec;
  /** Name of the bucket below. */
  readonly below: string;
}

/** Which tables into which views merge states have the shape of a rollup, and which do not. */
export interface FoundRollups {
  readonly rollups: readonly FoundRollup[];
  /** Why a target is not one, by key. */
  readonly refused: ReadonlyMap<string, string>;
}

/**
 * Finds rollups: a target with the views that fill it, its read view, and the levels on top. Pure, so spelling may mislead it: the
 * engine has to confirm what it finds.
 *
 * @param user the user that read the server.
 */
export function findRollups(specs: readonly ObjectSpec[], user: string): FoundRollups {
  const catalog = catalogOf(specs, user);
  const targets = targetsIn(catalog);
  const refused = new Map<string, string>();
  const rollups: FoundRollup[] = [];
  const used = new Set<string>();
  // A target fed by another target may be a level of it.
  const fed = (target: TableSpec): boolean =>
    (catalog.into.get(keyOf(target)) ?? []).some((view) =>
      targets.some((other) => other !== target && reads(view.query, other)),
    );
  for (const target of [...targets.filter((one) => !fed(one)), ...targets.filter(fed)]) {
    if (used.has(keyOf(target))) continue;
    const bases = basesOf(catalog, target);
    if (typeof bases === "string") {
      refused.set(keyOf(target), bases);
      continue;
    }
    const shown = spreadOf(catalog, target)?.table ?? target;
    const base = bases.find((one) => readOf(catalog, shown, one, target) !== undefined) ?? bases[0];
    const levels = levelsOf(catalog, base).filter((level) => !used.has(keyOf(level.target)));
    const found = withReads(catalog, base, levels);
    rollups.push(found);
    for (const one of [found.base, ...found.levels]) used.add(keyOf(one.target));
  }
  return { rollups, refused: new Map([...refused].filter(([key]) => !used.has(key))) };
}

function reads(query: string, { database, name }: TableSpec): boolean {
  return query.includes(name) && query.includes(database);
}

function withReads(catalog: Catalog, base: Base, levels: readonly Level[]): FoundRollup {
  const kept = base.fills[0].measures;
  const distributed = clusterOf(catalog, [base.target, ...levels.map(({ target }) => target)]);
  const allOf = (target: TableSpec): TableSpec | undefined =>
    distributed === undefined ? undefined : spreadOf(catalog, target)?.table;
  const all = allOf(base.target);
  const read = readOf(catalog, all ?? base.target, base, base.target);
  const measures = read?.measures ?? kept;
  let below = base.bucket.name;
  const found: FoundLevel[] = [];
  for (const level of levels) {
    const dimensions = level.rollup.dimensions.map(({ name }) => name);
    const own = allOf(level.target);
    const shown = readOf(catalog, own ?? level.target, { dimensions, fills: base.fills }, level.target);
    const isSame = shown !== undefined && JSON.stringify(shown.measures) === JSON.stringify(measures);
    found.push({ ...level, below, ...(isSame && { read: shown.view }), ...(own && { all: own }) });
    below = level.bucket;
  }
  const spread = distributed === undefined || all === undefined ? {} : { distributed, all };
  return { base, measures, levels: found, ...(read && { read: read.view }), ...spread };
}

/** The one cluster over which all these are spread; undefined if one of them is not, or over another one. */
function clusterOf(catalog: Catalog, targets: readonly TableSpec[]): string | undefined {
  const clusters = new Set(targets.map((target) => spreadOf(catalog, target)?.cluster));
  return clusters.size === 1 ? [...clusters][0] : undefined;
}

/** The table over all shards that a rollup has beside a target: for reading only, so without a sharding key. */
function spreadOf({ objects }: Catalog, { database, name }: TableSpec) {
  const table = objects.get(objectKey(database, `${name}_all`));
  if (table?.kind !== "table") return undefined;
  const [, text] = /^Distributed\s*\(([\s\S]*)\)$/.exec(table.storage.engine ?? "") ?? [];
  const [cluster = "", ...of] = splitArguments(text ?? "").map((one) =>
    one.startsWith("'") ? unquoteString(one) : one,
  );
  const isOver = of.length === 2 && of[0] === database && of[1] === name;
  return isOver ? { table, cluster } : undefined;
}

/** The view that shows a target, the one with the usual name first. @param shown the target, or the table over all its shards. */
function readOf(
  catalog: Catalog,
  shown: TableSpec,
  { dimensions, fills }: Pick<Base, "dimensions" | "fills">,
  target: TableSpec,
) {
  const kept = fills[0].measures;
  const views = (catalog.readers.get(keyOf(shown)) ?? []).filter(
    (view) => view.database === target.database && oddView(view, catalog) === undefined,
  );
  const usual = `${target.name}_read`;
  for (const view of [...views.filter(({ name }) => name === usual), ...views.filter(({ name }) => name !== usual)]) {
    const measures = shownBy(view, shown, dimensions, kept);
    if (measures !== undefined) return { view, measures };
  }
  return undefined;
}
