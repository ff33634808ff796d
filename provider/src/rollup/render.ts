import { SchemaError } from "../errors";
import { backtick } from "../sql/identifiers";
import type { TableSpec } from "../sql/spec";
import { partitionOf } from "./bucket";
import { isItself, type Named, type Rollup } from "./definition";
import { type Measure, mergeAgain } from "./measures";
import { ALIAS, columnsIn, ofSource, replaceColumns } from "./qualify";
import { hiddenKeys, type TargetTtl, targetTtl } from "./ttl";

/** A table that a rollup is made from. */
export interface Source {
  /** Qualified, quoted name. */
  readonly name: string;
  /** Its definition, if known: columns and TTL. */
  readonly table?: TableSpec;
}

/** What one source contributes to a rollup. */
export interface Feed {
  readonly rollup: Rollup;
  readonly source: Source;
}

/** The target table, as arguments of `Table`. */
export interface Target {
  /** A query whose columns are the table's. */
  readonly columnsFrom: string;
  readonly orderBy: readonly string[];
  readonly partitionBy: string;
  readonly ttl?: string;
}

/**
 * The target of a rollup that one or more sources feed.
 *
 * @throws {SchemaError} when a TTL cannot be inherited, or sources disagree on it.
 */
export function renderTarget(feeds: readonly Feed[]): Target {
  const [first] = feeds;
  if (first === undefined) throw new SchemaError("argument-invalid", "sources: expected at least one");
  const ttl = commonTtl(feeds);
  const { rollup } = first;
  const hidden = hiddenKeys(rollup, ttl);
  const fills = feeds.map(renderFill);
  const columns = [
    ...[...rollup.dimensions.map(({ name }) => name), ...hidden].map(backtick),
    // The value's type as the engine derives it, as something that merges.
    ...kept(rollup).map(({ name, measure }) =>
      measure.simple
        ? `initializeAggregation('${measure.merge}SimpleState', ${backtick(name)}) AS ${backtick(name)}`
        : backtick(name),
    ),
  ];
  return {
    columnsFrom: `SELECT ${columns.join(", ")} FROM (${fills.join(" UNION ALL ")})`,
    orderBy: sortingKey(rollup, hidden),
    partitionBy: partitionOf(rollup.bucket.width, backtick(rollup.bucket.name)),
    ...(ttl.expression !== undefined && { ttl: ttl.expression }),
  };
}

/** The query of the view that feeds the target from one source. */
export function renderFill({ rollup, source }: Feed): string {
  const ttl = targetTtl(rollup, source.table, source.name);
  refuseNullableKeys(rollup, source);
  const hidden = hiddenKeys(rollup, ttl);
  const own = ownNames(rollup, source);
  const clean = (expression: string): string =>
    replaceColumns(expression, (name) => (own.has(name) ? ofSource(name) : undefined));
  const named = (column: Named): string =>
    isItself(column) ? backtick(column.name) : `${clean(column.expression)} AS ${backtick(column.name)}`;
  const dimensions = rollup.dimensions.map(named);
  const measures = kept(rollup).map(({ name, measure }) => `${clean(measure.fill)} AS ${backtick(name)}`);
  const where = rollup.where === undefined ? "" : ` WHERE ${clean(rollup.where)}`;
  const from = own.size > 0 ? `${source.name} AS ${ALIAS}` : source.name;
  const select = [...dimensions, ...hidden.map(backtick), ...measures].join(", ");
  return `SELECT ${select} FROM ${from}${where} GROUP BY ${groupBy(rollup, hidden)}`;
}

/** The rollup one level up: its target takes the columns of the one below. */
export function renderLevelTarget(level: Rollup, below: Source, ttl: TargetTtl): Target {
  const columns = [
    ...level.dimensions.map((one) =>
      one.name === level.bucket.name ? `${one.expression} AS ${backtick(one.name)}` : backtick(one.name),
    ),
    ...hiddenKeys(level, ttl).map(backtick),
    ...kept(level).map(({ name }) => backtick(name)),
  ];
  return {
    columnsFrom: `SELECT ${columns.join(", ")} FROM ${below.name}`,
    orderBy: sortingKey(level, hiddenKeys(level, ttl)),
    partitionBy: partitionOf(level.bucket.width, backtick(level.bucket.name)),
    ...(ttl.expression !== undefined && { ttl: ttl.expression }),
  };
}

/** The query of the view that feeds a level from the target below: states are merged, not recomputed. */
export function renderLevelFill(level: Rollup, below: Source, ttl: TargetTtl): string {
  const hidden = hiddenKeys(level, ttl);
  const bucket = replaceColumns(level.bucket.expression, ofSource);
  const columns = [
    ...level.dimensions.map(
      (one) => `${one.name === level.bucket.name ? bucket : ofSource(one.name)} AS ${backtick(one.name)}`,
    ),
    ...hidden.map((name) => `${ofSource(name)} AS ${backtick(name)}`),
    ...kept(level).map(({ name, measure }) => `${mergeAgain(measure)}(${ofSource(name)}) AS ${backtick(name)}`),
  ];
  return `SELECT ${columns.join(", ")} FROM ${below.name} AS ${ALIAS} GROUP BY ${groupBy(level, hidden)}`;
}

/** What readers see: finished values under the user's names. Right before and after merges, because it merges once more. */
export function renderRead(rollup: Rollup, target: string): string {
  const dimensions = rollup.dimensions.map(({ name }) => name);
  const columns = [
    ...dimensions.map((name) => `${ofSource(name)} AS ${backtick(name)}`),
    ...rollup.measures.flatMap(({ name, measure }) => shown(name, measure)),
  ];
  return `SELECT ${columns.join(", ")} FROM ${target} AS ${ALIAS} GROUP BY ${dimensions.map(backtick).join(", ")}`;
}

/** The same numbers straight from the sources: the read view must equal this. Reads whole tables. */
export function renderTruth(feeds: readonly Feed[]): string {
  const [first] = feeds;
  if (first === undefined) throw new SchemaError("argument-invalid", "sources: expected at least one");
  return renderRead(first.rollup, `(${feeds.map(renderFill).join(" UNION ALL ")})`);
}

function shown(name: string, measure: Measure): string[] {
  const finished = measure.fill === "" ? "" : `${measure.merge}(${ofSource(name)})`;
  return Object.entries(measure.shows ?? { "": "{}" }).map(
    ([column, expression]) => `${expression.replaceAll("{}", () => finished)} AS ${backtick(column || name)}`,
  );
}

/** Measures with a stored column. */
function kept(rollup: Rollup): Rollup["measures"] {
  return rollup.measures.filter(({ measure }) => measure.fill !== "");
}

function sortingKey(rollup: Rollup, hidden: readonly string[]): string[] {
  return [...rollup.orderBy, ...hidden].map(backtick);
}

function groupBy(rollup: Rollup, hidden: readonly string[]): string {
  return [...rollup.dimensions.map(({ name }) => name), ...hidden].map(backtick).join(", ");
}

/** Names that the query redefines and that its expressions use for columns of the source. */
function ownNames(rollup: Rollup, { table }: Source): Set<string> {
  const expressions = [
    ...rollup.keys.filter((key) => !isItself(key)).map((key) => key.expression),
    rollup.bucket.expression,
    ...kept(rollup).map(({ measure }) => measure.fill),
    rollup.where ?? "",
  ];
  const used = new Set(expressions.flatMap(columnsIn));
  const given = [...rollup.keys.filter((key) => !isItself(key)), rollup.bucket, ...kept(rollup)].map(
    ({ name }) => name,
  );
  const columns = table && new Set(table.columns.map((column) => column.name));
  return new Set(given.filter((name) => used.has(name) && (columns?.has(name) ?? true)));
}

function refuseNullableKeys(rollup: Rollup, { table, name: label }: Source): void {
  if (rollup.nullableKeys) return;
  for (const key of rollup.keys) {
    const type = isItself(key) ? table?.columns.find(({ name }) => name === key.name)?.type : undefined;
    if (type === undefined || !/^(LowCardinality\()?Nullable\(/.test(type)) continue;
    throw new SchemaError(
      "argument-invalid",
      `keys.${key.name}: is ${type} in ${label}, and a sorting key takes no NULL. Give a value in its place, ` +
        `e.g. ${key.name}: "ifNull(${key.name}, '')", or allow it: settings: { allow_nullable_key: 1 }`,
    );
  }
}

function commonTtl(feeds: readonly Feed[]): TargetTtl {
  const ttls = feeds.map(({ rollup, source }) => targetTtl(rollup, source.table, source.name));
  const [first, ...others] = ttls;
  const [shown, different] = [first, others.find((other) => other.expression !== first?.expression)];
  if (different !== undefined)
    throw new SchemaError(
      "argument-invalid",
      `ttl: "inherit" finds different TTLs on the sources, ${shown?.expression} and ${different.expression}. ` +
        'Give a time instead, e.g. ttl: "90 days"',
    );
  return first ?? { columns: [] };
}
