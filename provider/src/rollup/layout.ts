import { describe, type Problems } from "../declare/fields";
import { didYouMean } from "../util/near";
import type { Named, Rollup, RollupShape } from "./definition";

/**
 * What columns of a level have besides their types: the same as in the rollup, its bucket like the rollup's, unless the level differs.
 * Undefined if neither says anything.
 */
export function levelColumns<T>(
  { rollup, level }: { readonly rollup: Rollup; readonly level: Rollup },
  columns: Readonly<Record<string, T>> | undefined,
  own: Readonly<Record<string, T>> | undefined,
): Readonly<Record<string, T>> | undefined {
  if (columns === undefined) return own;
  const named = (name: string): string => (name === rollup.bucket.name ? level.bucket.name : name);
  const inherited = Object.entries(columns).map(([name, clauses]) => [named(name), clauses] as const);
  return { ...Object.fromEntries(inherited), ...own };
}

/** Reports columns that the target does not have. */
export function refuseUnknownColumns({ columns, measures, ...shape }: RollupShape, problems: Problems): void {
  const keys = Array.isArray(shape.keys) ? shape.keys : Object.keys(shape.keys);
  const kept = Object.entries(measures).flatMap(([name, { fill }]) => (fill === "" ? [] : [name]));
  const known = [...keys, shape.bucket.name, ...kept];
  for (const name of Object.keys(columns ?? {}))
    if (!known.includes(name))
      problems.add(
        `columns.${name}`,
        `is neither a key, nor the bucket, nor a measure that is kept${didYouMean(name, known)}`,
      );
}

/** The sorting key, which contains each of the columns once. */
export function orderOf(
  given: readonly string[] | undefined,
  columns: readonly Named[],
  problems: Problems,
): readonly string[] {
  const names = columns.map(({ name }) => name);
  if (given === undefined) return names;
  const isOrder = Array.isArray(given) && given.length === names.length && names.every((name) => given.includes(name));
  if (!isOrder)
    problems.add(
      "orderBy",
      `expected the keys and the bucket, each once (${names.join(", ")}), found ${describe(given)}`,
    );
  return given;
}
