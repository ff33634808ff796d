import { defaultGranularity } from "../sql/granularity";
import type { ConstraintSpec, IndexSpec, ProjectionSpec, TableSpec } from "../sql/spec";
import { type ElementChange, pair, position } from "./changes";
import { renameIn } from "./text";

interface Named {
  readonly name: string;
}

/**
 * Indexes, projections and constraints, each by name. Their order is ignored: it means nothing to the engine, and
 * constraints can only be added at the end.
 */
export function diffElements(from: TableSpec, to: TableSpec, renames: ReadonlyMap<string, string>): ElementChange[] {
  const indexes = from.indexes.map((index) => renameIndex(index, renames));
  const constraints = from.constraints.map((constraint) => renameConstraint(constraint, renames));
  return [
    ...diffNamed(indexes, to.indexes, indexKey).map((change) => ({ kind: "index" as const, ...change })),
    // A projection is compared under the old names: the engine renames no column inside one.
    ...diffNamed(from.projections, to.projections, projectionKey).map((change) => ({
      kind: "projection" as const,
      ...change,
    })),
    ...diffNamed(constraints, to.constraints, constraintKey).map((change) => ({
      kind: "constraint" as const,
      ...change,
    })),
  ].map((change) => Object.freeze(change));
}

function diffNamed<T extends Named>(
  from: readonly T[],
  to: readonly T[],
  keyOf: (item: T) => string,
): { from?: T; to?: T; after?: string }[] {
  const before = new Map(from.map((item) => [item.name, item]));
  const wanted = new Set(to.map(({ name }) => name));
  const dropped = from.filter(({ name }) => !wanted.has(name)).map((item) => pair(item, undefined as T | undefined));
  const others = to.flatMap((item, index) => {
    const old = before.get(item.name);
    if (old !== undefined && keyOf(old) === keyOf(item)) return [];
    return [{ ...pair(old, item), ...position(to[index - 1]?.name) }];
  });
  return [...dropped, ...others];
}

function indexKey({ expression, type, granularity }: IndexSpec): string {
  return `${expression}\0${type}\0${granularity ?? defaultGranularity(type)}`;
}

function projectionKey({ body }: ProjectionSpec): string {
  return body.replace(/\s+/g, " ");
}

function constraintKey({ kind, expression }: ConstraintSpec): string {
  return `${kind}\0${expression}`;
}

function renameIndex(index: IndexSpec, renames: ReadonlyMap<string, string>): IndexSpec {
  return renames.size === 0 ? index : { ...index, expression: renameIn(index.expression, renames) };
}

function renameConstraint(constraint: ConstraintSpec, renames: ReadonlyMap<string, string>): ConstraintSpec {
  return renames.size === 0 ? constraint : { ...constraint, expression: renameIn(constraint.expression, renames) };
}
