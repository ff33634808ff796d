import type { Lineage } from "../lineage";

/**
 * The column of each node, from 0: after everything it takes data from. A cycle is cut where the walk meets it again, so that every
 * node has a column.
 */
export function ranksOf({ nodes, edges }: Lineage): ReadonlyMap<string, number> {
  const forward = withoutCycles(
    nodes.map(({ key }) => key),
    edges,
  );
  const ranks = new Map<string, number>();
  for (const key of forward.order) {
    const before = forward.sources.get(key)?.map((source) => (ranks.get(source) ?? 0) + 1) ?? [];
    ranks.set(key, Math.max(0, ...before));
  }
  // A source that only feeds nodes far to the right moves next to them: shorter lines.
  for (const key of forward.order) {
    if (forward.sources.has(key)) continue;
    const behind = forward.targets.get(key)?.map((target) => (ranks.get(target) ?? 1) - 1) ?? [];
    if (behind.length > 0) ranks.set(key, Math.min(...behind));
  }
  return ranks;
}

interface Forward {
  /** Every key, sources first. */
  readonly order: readonly string[];
  readonly sources: ReadonlyMap<string, readonly string[]>;
  readonly targets: ReadonlyMap<string, readonly string[]>;
}

function withoutCycles(keys: readonly string[], edges: Lineage["edges"]): Forward {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const state = new Map<string, "open" | "done">();
  const order: string[] = [];
  const sources = new Map<string, string[]>();
  const targets = new Map<string, string[]>();
  for (const root of keys) {
    if (state.has(root)) continue;
    // An explicit stack: a chain of thousands of views must not overflow the call stack.
    const stack = [{ key: root, at: 0 }];
    state.set(root, "open");
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const to = next.get(top.key)?.[top.at++];
      if (to === undefined) {
        state.set(top.key, "done");
        order.unshift(top.key);
        stack.pop();
      } else if (state.get(to) !== "open") {
        sources.set(to, [...(sources.get(to) ?? []), top.key]);
        targets.set(top.key, [...(targets.get(top.key) ?? []), to]);
        if (!state.has(to)) {
          state.set(to, "open");
          stack.push({ key: to, at: 0 });
        }
      }
    }
  }
  return { order, sources, targets };
}
