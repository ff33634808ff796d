import type { ValueMap } from "../../code/value";
import {
  defineRollup,
  levelColumns,
  type Rollup,
  renderFill,
  renderLevelFill,
  renderLevelTarget,
  renderRead,
  renderTarget,
  type Target,
} from "../../rollup";
import { keyOf, quotedName } from "../../sql/object-key";
import type { MaterializedViewSpec, ObjectSpec, TableSpec, ViewSpec } from "../../sql/spec";
import { declare } from "../declared";
import { columnsArgument, layoutArguments, levelColumnsArgument, sourceKeys, usualName } from "./arguments";
import { type Base, feedOf, shapeOf } from "./base";
import type { FoundRollup } from "./find";
import { ttlOf } from "./levels";
import { make } from "./measures";

/** An object that a rollup makes. */
export interface Part {
  readonly key: string;
  /** As it is on the server. */
  readonly live: ObjectSpec;
  /** As the rollup declares it. */
  readonly declared: ObjectSpec;
  /** Where it is in the rollup's resource, e.g. `levels[1].target`. */
  readonly path: string;
  /** What its resource's name has after the rollup's name. */
  readonly suffix: string;
  /** Which level it belongs to, from 0. */
  readonly level: number;
}

/** The objects of a rollup in the order of creation. @throws {SchemaError} if a rollup refuses something. */
export function partsOf(found: FoundRollup): Part[] {
  const { base, read } = found;
  const feeds = base.fills.map((fill) => feedOf(base, fill));
  const keys = sourceKeys(found);
  const rollup = shownRollup(found);
  const clauses = columnsArgument(base.target);
  const level = { level: 0, path: "", suffix: "" };
  const parts = [
    target(base.target, { ...renderTarget(feeds), ...layout(base, clauses) }, level),
    ...base.fills.map(({ view }, index) => {
      const feed = feeds[index];
      const suffix = keys === undefined ? "_mv" : `_${keys[index]}_mv`;
      return fill(view, base.target, feed === undefined ? "" : renderFill(feed), {
        ...level,
        path: `views[${index}]`,
        suffix,
      });
    }),
    ...(found.all === undefined ? [] : [spread(found.all, base.target, level)]),
    ...(read === undefined ? [] : [shows(read, found.all ?? base.target, rollup, level)]),
  ];
  let below = base.target;
  for (const [index, one] of found.levels.entries()) {
    const source = { name: quotedName(keyOf(below)) };
    const ttl = ttlOf(base, one.rollup);
    const suffix = usualName({ ...base.target, name: "" }, one.every);
    const at = { level: index + 1, path: `levels[${index + 1}].`, suffix };
    const own = levelColumns({ rollup, level: one.rollup }, clauses, levelColumnsArgument(found, one)) as
      | ValueMap
      | undefined;
    const query = renderLevelFill(one.rollup, source, ttl);
    parts.push(
      target(one.target, { ...renderLevelTarget(one.rollup, source, ttl), ...layout(one, own) }, at),
      fill(one.view, one.target, query, { ...at, path: `${at.path}views[0]`, suffix: `${suffix}_mv` }),
    );
    if (one.all !== undefined) parts.push(spread(one.all, one.target, at));
    if (one.read !== undefined)
      parts.push(shows(one.read, one.all ?? one.target, { ...one.rollup, measures: rollup.measures }, at));
    below = one.target;
  }
  return parts;
}

/** The rollup with all that readers see. */
function shownRollup({ base, measures }: FoundRollup): Rollup {
  const shape = {
    ...shapeOf(base),
    measures: Object.fromEntries(measures.map(({ name, code }) => [name, make(code)])),
  };
  return defineRollup(shape);
}

type Place = Pick<Part, "level" | "path" | "suffix">;

/** What a target has beyond what follows from the rollup. */
function layout({ partitionBy }: Pick<Base, "partitionBy">, columns: ValueMap | undefined) {
  return { ...(columns && { columns }), ...(partitionBy !== undefined && { partitionBy }) };
}

type Laid = Omit<Target, "partitionBy"> & { readonly partitionBy: string | false; readonly columns?: ValueMap };

function target(live: TableSpec, made: Laid, { level, path, suffix }: Place): Part {
  const { columnsFrom, columns, orderBy, partitionBy, ttl } = made;
  const declared = declare(live, {
    ...layoutArguments(live),
    engine: live.storage.engine,
    columnsFrom,
    orderBy: [...orderBy],
    ...(columns && { columns }),
    ...(partitionBy !== false && { partitionBy }),
    ...(ttl !== undefined && { ttl }),
  });
  return { key: keyOf(live), live, declared, path: `${path}target`, suffix, level };
}

function fill(live: MaterializedViewSpec, to: TableSpec, query: string, place: Place): Part {
  return { key: keyOf(live), live, declared: declare(live, { to: quotedName(keyOf(to)), query }), ...place };
}

/** The target on all shards. */
function spread(live: TableSpec, of: TableSpec, { level, path, suffix }: Place): Part {
  const columnsFrom = `SELECT * FROM ${quotedName(keyOf(of))}`;
  const declared = declare(live, { engine: live.storage.engine, columnsFrom });
  return { key: keyOf(live), live, declared, path: `${path}all`, suffix: `${suffix}_all`, level };
}

function shows(live: ViewSpec, of: TableSpec, rollup: Rollup, { level, path, suffix }: Place): Part {
  const declared = declare(live, { query: renderRead(rollup, quotedName(keyOf(of))) });
  return { key: keyOf(live), live, declared, path: `${path}read`, suffix: `${suffix}_read`, level };
}
