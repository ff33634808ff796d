/** Everything that can be reached from a key, and the key itself. */
export function reachable<Key>(next: (key: Key) => Iterable<Key>, from: Key): Set<Key> {
  const seen = new Set([from]);
  for (const key of seen) for (const one of next(key)) seen.add(one);
  return seen;
}

/** Items in an order in which each comes after what it needs; where they need each other, the first one visited comes last. */
export function inOrder<Item>(items: Iterable<Item>, needs: (item: Item) => Iterable<Item>): Item[] {
  const seen = new Set<Item>();
  const ordered: Item[] = [];
  const visit = (item: Item): void => {
    if (seen.has(item)) return;
    seen.add(item);
    for (const needed of needs(item)) visit(needed);
    ordered.push(item);
  };
  for (const item of items) visit(item);
  return ordered;
}
