import { normalizeShown } from "../../canonical/normal-form";
import { hasOwnColumns } from "../../code/columns";
import { HIDDEN } from "../../code/value";
import { keyOf, objectKey } from "../../sql/object-key";
import type { MaterializedViewSpec, ObjectSpec, TableSpec, ViewSpec } from "../../sql/spec";
import { groupingOf } from "./query";

/** The objects of a server, indexed as the search for rollups needs them. */
export interface Catalog {
  readonly objects: ReadonlyMap<string, ObjectSpec>;
  /** Materialized views by the key of their target, each list by name. */
  readonly into: ReadonlyMap<string, readonly MaterializedViewSpec[]>;
  /** Plain views by the key of the single table that they group; each list by name. */
  readonly readers: ReadonlyMap<string, readonly ViewSpec[]>;
  /** The user that would recreate the parts; views that run with another user's privileges are left as they are. */
  readonly user: string;
}

/** @param user the user that read the server. */
export function catalogOf(specs: readonly ObjectSpec[], user: string): Catalog {
  const into = new Map<string, MaterializedViewSpec[]>();
  const readers = new Map<string, ViewSpec[]>();
  const put = <T>(map: Map<string, T[]>, key: string, one: T): void => {
    map.set(key, [...(map.get(key) ?? []), one]);
  };
  // A primary key that equals the sorting key is not a separate one.
  const sorted = specs.map(normalizeShown).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  for (const spec of sorted) {
    if (spec.kind === "materializedView" && spec.to) put(into, objectKey(spec.to.database, spec.to.name), spec);
    if (spec.kind !== "view") continue;
    const grouping = groupingOf(spec.query);
    if (typeof grouping !== "string") put(readers, grouping.source, spec);
  }
  return { objects: new Map(sorted.map((spec) => [keyOf(spec), spec])), into, readers, user };
}

/** Tables that merge states and that a view fills. */
export function targetsIn({ objects, into }: Catalog): TableSpec[] {
  return [...objects.values()].filter(
    (spec): spec is TableSpec =>
      spec.kind === "table" && isAggregating(spec) && (into.get(keyOf(spec)) ?? []).some((view) => !view.refresh),
  );
}

function isAggregating({ storage }: TableSpec): boolean {
  return /AggregatingMergeTree\s*(\(|$)/.test(storage.engine ?? "");
}

/** What a table has that a rollup's target cannot have; undefined when nothing. */
export function oddTarget({ columns, constraints, projections, storage, as }: TableSpec): string | undefined {
  const odd = columns.find(({ default: value, primaryKey }) => value !== undefined || primaryKey === true);
  if (odd !== undefined) return `column \`${odd.name}\` of its table has a default or is its primary key`;
  if (projections.length + constraints.length > 0) return "its table has projections or constraints";
  if (storage.primaryKey !== undefined || storage.sampleBy !== undefined)
    return "its table has a primary key or a sampling key";
  return as === undefined ? undefined : "its table shows another's rows";
}

/** What a view has that a rollup's view cannot have; undefined when nothing. */
export function oddView(view: MaterializedViewSpec | ViewSpec, { user }: Catalog): string | undefined {
  const name = `\`${view.name}\``;
  const { comment, security } = view;
  if (view.query.includes(HIDDEN)) return `${name} has a secret, and arguments of a rollup are plain text`;
  if (view.kind === "materializedView" && view.refresh !== undefined) return `${name} is refreshed on a schedule`;
  if (comment !== undefined) return `${name} has a comment`;
  if (hasOwnColumns(view)) return `the columns of ${name} have more than types`;
  const { sqlSecurity, definer } = security ?? {};
  const isDefault = sqlSecurity === undefined || (view.kind === "materializedView" && sqlSecurity === "DEFINER");
  return isDefault && (definer === undefined || definer === user) ? undefined : `${name} has the rights of another`;
}
