import { reachable } from "../util/graph";
/** What needs what, by key. */
export type Needs = ReadonlyMap<string, ReadonlySet<string>>;

/** An order in which everything comes after what it needs. */
export interface Order {
  readonly keys: readonly string[];
  /** The needs that the order keeps. */
  readonly needs: Needs;
  /** Needs that it cannot keep, because they form a cycle: `[who, what]`. */
  readonly dropped: readonly (readonly [string, string])[];
}

/**
 * Sorts keys; where nothing else decides, their given order is kept.
 *
 * @param wishes needs that are silently dropped if they would close a cycle.
 */
export function orderOf(keys: readonly string[], needs: Needs, wishes: Needs = new Map()): Order {
  const hard = sort(keys, needs);
  const kept = new Map(keys.map((key) => [key, new Set(hard.needs.get(key))]));
  for (const [key, wanted] of wishes) {
    const own = kept.get(key);
    for (const one of wanted) if (!own?.has(one) && !reached(kept, one).has(key)) own?.add(one);
  }
  return { ...sort(keys, kept), dropped: hard.dropped };
}

function sort(keys: readonly string[], needs: Needs): Order {
  const sorted: string[] = [];
  const dropped: [string, string][] = [];
  const kept = new Map<string, Set<string>>(keys.map((key) => [key, new Set()]));
  const state = new Map<string, "open" | "done">();
  const visit = (key: string): void => {
    state.set(key, "open");
    for (const need of [...(needs.get(key) ?? [])].sort()) {
      if (need === key || !kept.has(need)) continue;
      if (state.get(need) === "open") {
        dropped.push([key, need]);
        continue;
      }
      kept.get(key)?.add(need);
      if (state.get(need) === undefined) visit(need);
    }
    state.set(key, "done");
    sorted.push(key);
  };
  for (const key of keys) if (state.get(key) === undefined) visit(key);
  return { keys: sorted, needs: kept, dropped };
}

/** Everything that a key needs, directly or indirectly, and the key itself. */
function reached(needs: Needs, from: string): ReadonlySet<string> {
  return reachable((key) => needs.get(key) ?? [], from);
}

/**
 * Distributes keys among files, so that no files need each other in a cycle: groups that do are cut into levels, of which the first holds
 * what needs nothing of another group.
 *
 * @param groupOf the group of a key, e.g. its database.
 * @returns the level of each key, from 0.
 */
export function levelsOf({ keys, needs }: Order, groupOf: (key: string) => string): ReadonlyMap<string, number> {
  const circles = circlesOf(keys, needs, groupOf);
  const levels = new Map<string, number>();
  for (const key of keys) {
    const group = groupOf(key);
    const heights = [...(needs.get(key) ?? [])].map((need) => {
      const other = groupOf(need);
      if (circles.get(other) !== circles.get(group)) return 0;
      return (levels.get(need) ?? 0) + (other === group ? 0 : 1);
    });
    levels.set(key, Math.max(0, ...heights));
  }
  return levels;
}

/** Groups that need each other, by the first of them. */
function circlesOf(
  keys: readonly string[],
  needs: Needs,
  groupOf: (key: string) => string,
): ReadonlyMap<string, string> {
  const groups = new Map<string, Set<string>>();
  for (const key of keys) {
    const needed = groups.get(groupOf(key)) ?? new Set<string>();
    for (const need of needs.get(key) ?? []) needed.add(groupOf(need));
    groups.set(groupOf(key), needed);
  }
  const reach = new Map([...groups.keys()].map((name) => [name, reached(groups, name)]));
  const first = (name: string): string => {
    const mutual = [...(reach.get(name) ?? [])].filter((other) => reach.get(other)?.has(name));
    return mutual.sort()[0] ?? name;
  };
  return new Map([...groups.keys()].map((name) => [name, first(name)]));
}
