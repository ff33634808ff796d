import { passesOn, sourcesOf, targetsOf } from "../lineage/sources";
import { triggerOf } from "../lineage/trigger";
import { keyOf, objectKey } from "../sql/object-key";
import type { MaterializedViewSpec, ObjectSpec, OwnedSpec } from "../sql/spec";
import { reachable } from "../util/graph";
import type { Act } from "./acts";

/** Objects by key. */
export type Objects = ReadonlyMap<string, ObjectSpec>;

/** The objects of a server that a preview concerns. */
export interface Concerned {
  /** By key: what is changed, who reads or is written by it, and what these need to exist. */
  readonly objects: Objects;
  /** Keys of objects whose rows may change: what the preview changes, and whatever reads it or gets rows from it. */
  readonly downstream: ReadonlySet<string>;
}

/** What a preview concerns: by lineage, as it is and as it will be, from what it changes on down, and up to whatever that reads. */
export function concernedBy(acts: readonly Act[], all: Objects): Concerned {
  const later = new Map(all);
  for (const { from, to } of acts) {
    if (from !== undefined) later.delete(keyOf(from));
    if (to !== undefined) later.set(keyOf(to), to);
  }
  const [now, then] = [lineageOf(all), lineageOf(later)];
  const either = (step: keyof Lineage) => (key: string) => [...now[step](key), ...then[step](key)];
  const changed = acts.flatMap(({ from, key, to }) => [
    key,
    ...[from, to].flatMap((spec) => (spec ? [keyOf(spec)] : [])),
  ]);
  const down = new Set(changed.flatMap((key) => [...reachable(either("receivers"), key)]));
  const writers = changed.flatMap(either("writers"));
  const above = [...down, ...writers].flatMap((key) => [...reachable(either("needs"), key)]);
  const functions = [...all].flatMap(([key, spec]) => ("expression" in spec ? [key] : []));
  const keys = new Set([...down, ...writers, ...above, ...functions]);
  return { objects: new Map([...all].filter(([key]) => keys.has(key))), downstream: down };
}

interface Lineage {
  /** Who reads an object, and what it passes rows on to. */
  readonly receivers: (key: string) => readonly string[];
  /** Views and tables that write to it. */
  readonly writers: (key: string) => readonly string[];
  /** What has to exist before it. */
  readonly needs: (key: string) => readonly string[];
}

function lineageOf(all: Objects): Lineage {
  const keys = new Set(all.keys());
  const receivers = new Map<string, string[]>();
  const writers = new Map<string, string[]>();
  const needs = new Map<string, string[]>();
  const add = (to: Map<string, string[]>, key: string, value: string): void => {
    to.set(key, [...(to.get(key) ?? []), value]);
  };
  for (const [key, spec] of all) {
    if (!isOwned(spec)) continue;
    for (const source of sourcesOf(spec, keys)) {
      add(receivers, source, key);
      add(needs, key, source);
    }
    for (const target of targetsOf(spec)) {
      add(receivers, key, target);
      add(writers, target, key);
      add(needs, key, target);
    }
    if (spec.kind === "table") for (const target of passesOn(spec)) add(writers, target, key);
  }
  const of = (map: ReadonlyMap<string, string[]>) => (key: string) => map.get(key) ?? [];
  return { receivers: of(receivers), writers: of(writers), needs: of(needs) };
}

/** A view that an insert runs. */
export interface IncrementalView {
  readonly view: MaterializedViewSpec;
  /** Key of the table whose inserts run it. */
  readonly source: string;
  /** Key of what it writes to: the view itself, if it has a table of its own. */
  readonly target: string;
}

export function incrementalViews(objects: Iterable<ObjectSpec>): IncrementalView[] {
  return [...objects].flatMap((view) => {
    if (view.kind !== "materializedView" || view.refresh !== undefined) return [];
    const trigger = triggerOf(view.query);
    if (trigger === undefined) return [];
    const [target = keyOf(view)] = targetsOf(view);
    return [{ view, source: objectKey(trigger.database, trigger.name), target }];
  });
}

/**
 * The tables into which a sample is inserted again: those whose inserts run views, and that get no rows from one which is run by another of
 * these inserts.
 *
 * @param sampled keys of tables that have a sample.
 */
export function rootsOf(views: readonly IncrementalView[], sampled: ReadonlySet<string>): Set<string> {
  const fed = (key: string, path: ReadonlySet<string>): boolean =>
    views.some(({ source, target }) => {
      if (target !== key || path.has(source)) return false;
      return sampled.has(source) || fed(source, new Set([...path, source]));
    });
  const sources = new Set(views.map(({ source }) => source));
  return new Set([...sources].filter((key) => sampled.has(key) && !fed(key, new Set([key]))));
}

function isOwned(spec: ObjectSpec): spec is OwnedSpec {
  return "database" in spec;
}
