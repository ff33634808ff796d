import {
  defineRollup,
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
import { layoutArguments, sourceKeys, usualName } from "./arguments";
import { feedOf, shapeOf } from "./base";
import type { FoundRollup } from "./find";
import { ttlOf } from "./levels";
import { make } from "./measures";

/** An object that a rollup makes. */
export interface Part {
  readonly key: string;
  /** As it stands on the server. */
  readonly live: ObjectSpec;
  /** As the rollup declares it. */
  readonly declared: ObjectSpec;
  /** Where the rollup's resource has it, e.g. `levels[1].target`. */
  readonly path: string;
  /** What its resource's name has behind that of the rollup. */
  readonly suffix: string;
  /** Which level it belongs to, from 0. */
  readonly level: number;
}

/** The objects of a rollup in the order in which they are made. @throws {SchemaError} where a rollup refuses something. */
export function partsOf(found: FoundRollup): Part[] {
  const { base, read } = found;
  const feeds = base.fills.map((fill) => feedOf(base, fill));
  const keys = sourceKeys(found);
  const shown = shownRollup(found);
  const parts = [
    target(base.target, renderTarget(feeds), base.partitionBy, "", 0),
    ...base.fills.map(({ view }, index) => {
      const feed = feeds[index];
      const suffix = keys === undefined ? "_mv" : `_${keys[index]}_mv`;
      return fill(view, base.target, feed === undefined ? "" : renderFill(feed), `views[${index}]`, suffix, 0);
    }),
    ...(read === undefined ? [] : [shows(read, base.target, shown, "read", "_read", 0)]),
  ];
  let below = base.target;
  for (const [index, level] of found.levels.entries()) {
    const source = { name: quotedName(keyOf(below)) };
    const ttl = ttlOf(base, level.rollup);
    const suffix = usualName({ ...base.target, name: "" }, level.every);
    const path = `levels[${index + 1}].`;
    parts.push(
      target(level.target, renderLevelTarget(level.rollup, source, ttl), level.partitionBy, suffix, index + 1, path),
      fill(
        level.view,
        level.target,
        renderLevelFill(level.rollup, source, ttl),
        `${path}views[0]`,
        `${suffix}_mv`,
        index + 1,
      ),
    );
    if (level.read !== undefined) {
      const rollup = { ...level.rollup, measures: shown.measures };
      parts.push(shows(level.read, level.target, rollup, `${path}read`, `${suffix}_read`, index + 1));
    }
    below = level.target;
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

function target(
  live: TableSpec,
  made: Target,
  partitionBy: string | false | undefined,
  suffix: string,
  level: number,
  path = "",
): Part {
  const { columnsFrom, orderBy, ttl } = made;
  const partition = partitionBy === undefined ? made.partitionBy : partitionBy;
  const declared = declare(live, {
    ...layoutArguments(live),
    engine: live.storage.engine,
    columnsFrom,
    orderBy: [...orderBy],
    ...(partition !== false && { partitionBy: partition }),
    ...(ttl !== undefined && { ttl }),
  });
  return { key: keyOf(live), live, declared, path: `${path}target`, suffix, level };
}

function fill(
  live: MaterializedViewSpec,
  to: TableSpec,
  query: string,
  path: string,
  suffix: string,
  level: number,
): Part {
  const declared = declare(live, { to: quotedName(keyOf(to)), query });
  return { key: keyOf(live), live, declared, path, suffix, level };
}

function shows(live: ViewSpec, of: TableSpec, rollup: Rollup, path: string, suffix: string, level: number): Part {
  const declared = declare(live, { query: renderRead(rollup, quotedName(keyOf(of))) });
  return { key: keyOf(live), live, declared, path, suffix, level };
}
