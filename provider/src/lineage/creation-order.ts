import { keyOf } from "../sql/object-key";
import type { ObjectSpec, OwnedSpec } from "../sql/spec";
import { inOrder } from "../util/graph";
import { sourcesOf, targetsOf } from "./sources";

/** Objects in an order in which they can be created: functions, then what is read or written before who does it. */
export function inCreationOrder(objects: readonly ObjectSpec[]): ObjectSpec[] {
  const byKey = new Map(objects.map((spec) => [keyOf(spec), spec]));
  const keys = new Set(byKey.keys());
  const owned = objects.filter((spec): spec is OwnedSpec => "database" in spec);
  const needs = (spec: OwnedSpec): OwnedSpec[] =>
    [...sourcesOf(spec, keys), ...targetsOf(spec)].flatMap((key) => {
      const needed = byKey.get(key);
      return needed !== undefined && "database" in needed && needed !== spec ? [needed] : [];
    });
  return [...objects.filter((spec) => "expression" in spec), ...inOrder(owned, needs)];
}
