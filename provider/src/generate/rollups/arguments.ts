import { clausesOf, NO_KEY } from "../../code/columns";
import { settingArguments } from "../../code/settings";
import { indexArguments } from "../../code/storage";
import { evaluate, Reference, type Value, type ValueMap } from "../../code/value";
import { defineRollup, levelColumns, type RollupTtl } from "../../rollup";
import { withoutGranularity } from "../../sql/granularity";
import { objectKey } from "../../sql/object-key";
import type { TableSpec } from "../../sql/spec";
import { commonWhere, type Fill, shapeOf } from "./base";
import type { FoundLevel, FoundRollup } from "./find";
import { columnOf } from "./text";

/** The arguments of `Rollup` that express what exists on the server, without the database and its own name. */
export function rollupArguments(found: FoundRollup): ValueMap {
  const { base, levels, measures, read } = found;
  const { target, bucket, fills, orderBy, partitionBy } = base;
  const [first] = fills;
  const keys = sourceKeys(found);
  return {
    ...(keys === undefined
      ? { source: new Reference(first.source), viewName: unless(first.view.name, `${target.name}_mv`) }
      : {
          sources: Object.fromEntries(
            fills.map((fill, index) => [keys[index] ?? "", sourceArgument(found, fill, keys[index] ?? "")]),
          ),
        }),
    where: commonWhere(base),
    keys: keysArgument(first.keys),
    bucket: {
      name: bucket.name,
      every: bucket.every,
      time: first.time,
      timezone: bucket.timezone,
      first: bucket.first ? true : undefined,
    },
    measures: Object.fromEntries(measures.map(({ name, code }) => [name, code])),
    ttl: ttlArgument(base.ttl),
    cascade: levels.length === 0 ? undefined : levels.map((level) => levelArgument(found, level)),
    read: read === undefined ? false : unless(read.name, `${target.name}_read`),
    distributed: found.distributed,
    partitionBy,
    orderBy: orderBy && [...orderBy],
    columns: columnsArgument(target),
    ...layoutArguments(target),
  };
}

/** Engine, settings, indexes and comment, which all targets of a rollup share. */
export function layoutArguments({ storage, indexes, comment }: TableSpec): ValueMap {
  const { engine, settings } = withoutGranularity(storage);
  const given: ValueMap = {
    engine: engine === "AggregatingMergeTree" ? undefined : engine,
    settings: settingArguments(settings),
    indexes: indexes.length === 0 ? undefined : indexes.map(indexArguments),
    comment,
  };
  return evaluate(given) as ValueMap;
}

/** What the target's columns have besides their types. */
export function columnsArgument({ columns }: TableSpec): ValueMap | undefined {
  const clauses = clausesOf(columns);
  return clauses && (evaluate(clauses) as ValueMap);
}

/** Short names of the sources; undefined if a single source defines everything itself. */
export function sourceKeys({ base }: FoundRollup): readonly string[] | undefined {
  const { fills, target } = base;
  const [first, ...others] = fills;
  if (others.length === 0 && first.view.database === target.database) return undefined;
  const taken = new Set<string>();
  return fills.map(({ view, table, source }) => {
    const start = `${target.name}_`;
    const isUsual = view.name.startsWith(start) && view.name.endsWith("_mv") && view.name.length > start.length + 3;
    const wanted = isUsual
      ? view.name.slice(start.length, -"_mv".length)
      : (table?.name ?? source.replace(/^.*[.\0]/, ""));
    const plain = NO_KEY.test(wanted) || wanted === "" ? `source_${wanted}` : wanted;
    let key = plain;
    for (let number = 2; taken.has(key); number++) key = `${plain}_${number}`;
    taken.add(key);
    return key;
  });
}

/** The default name of a coarser level. */
export function usualName(target: TableSpec, every: string): string {
  return `${target.name}_${every.replaceAll(/\s+/g, "_")}`;
}

function sourceArgument({ base }: FoundRollup, fill: Fill, key: string): ValueMap {
  const [first] = base.fills;
  const { target } = base;
  const keys = [...fill.keys].filter(([name, text]) => text !== first.keys.get(name));
  const measures = fill.measures.filter(({ code }, index) => !sameCode(code, first.measures[index]?.code));
  return {
    source: new Reference(fill.source),
    where: commonWhere(base) === undefined ? fill.where : undefined,
    keys: keys.length === 0 ? undefined : Object.fromEntries(keys),
    time: unless(fill.time, first.time),
    measures: measures.length === 0 ? undefined : Object.fromEntries(measures.map(({ name, code }) => [name, code])),
    database: fill.view.database === target.database ? undefined : new Reference(objectKey(fill.view.database)),
    viewName: unless(fill.view.name, `${target.name}_${key}_mv`),
  };
}

/** Columns of a level that differ from what the rollup says about them. */
export function levelColumnsArgument({ base }: FoundRollup, level: FoundLevel): ValueMap | undefined {
  const pair = { rollup: defineRollup(shapeOf(base)), level: level.rollup };
  const inherited =
    levelColumns(pair, columnsArgument(base.target) as Readonly<Record<string, Value>> | undefined, undefined) ?? {};
  const own = columnsArgument(level.target) ?? {};
  const others = [...new Set([...Object.keys(inherited), ...Object.keys(own)])].filter(
    (name) => JSON.stringify(inherited[name]) !== JSON.stringify(own[name]),
  );
  return others.length === 0 ? undefined : Object.fromEntries(others.map((name) => [name, own[name] ?? {}]));
}

function levelArgument(found: FoundRollup, level: FoundLevel): Value {
  const { base, read } = found;
  const { every, target, view, bucket, ttl, partitionBy, below } = level;
  const usual = usualName(base.target, every);
  const usualRead = read === undefined ? undefined : `${target.name}_read`;
  const args: ValueMap = {
    every,
    name: unless(target.name, usual),
    viewName: unless(view.name, `${target.name}_mv`),
    read: level.read?.name === usualRead ? undefined : (level.read?.name ?? false),
    bucket: unless(bucket, below),
    ttl: ttlArgument(ttl),
    partitionBy,
    columns: levelColumnsArgument(found, level),
  };
  return Object.values(args).filter((value) => value !== undefined).length === 1 ? every : args;
}

/** Just names if every key is a column of the source. */
function keysArgument(keys: ReadonlyMap<string, string>): Value {
  const isPlain = [...keys].every(([name, text]) => columnOf(text) === name);
  return isPlain ? [...keys.keys()] : Object.fromEntries(keys);
}

function ttlArgument(ttl: RollupTtl | undefined): Value | undefined {
  return typeof ttl === "object" ? { inherit: true, atLeast: ttl.atLeast } : ttl;
}

function sameCode(a: Value, b: Value | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function unless(text: string, usual: string): string | undefined {
  return text === usual ? undefined : text;
}
