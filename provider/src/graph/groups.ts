import { compare, type Lineage, type LineageNode } from "./lineage";

/** The nodes of a lineage by database, databases in order of their names. */
export function byDatabase({ nodes }: Lineage): [database: string, nodes: LineageNode[]][] {
  const groups = new Map<string, LineageNode[]>();
  for (const node of nodes) groups.set(node.database, [...(groups.get(node.database) ?? []), node]);
  // Only functions are in no database.
  return [...groups].sort(([a], [b]) => compare(a, b)).map(([database, nodes]) => [database || "functions", nodes]);
}

/** The nodes that are marked, what they touch in up to `steps` edges, and the edges between. */
export function around(lineage: Lineage, keys: Iterable<string>, steps: number): Lineage {
  let kept = new Set(keys);
  for (let step = 0; step < steps; step++) {
    const more = new Set(kept);
    for (const { from, to } of lineage.edges) {
      if (kept.has(from)) more.add(to);
      if (kept.has(to)) more.add(from);
    }
    kept = more;
  }
  return only(lineage, kept);
}

/** The part of a lineage between the nodes of these keys. */
export function only({ nodes, edges }: Lineage, keys: ReadonlySet<string>): Lineage {
  return {
    nodes: nodes.filter(({ key }) => keys.has(key)),
    edges: edges.filter(({ from, to }) => keys.has(from) && keys.has(to)),
  };
}

/** Without the nodes that have no edge. */
export function connected(lineage: Lineage): Lineage {
  return only(lineage, new Set(lineage.edges.flatMap(({ from, to }) => [from, to])));
}
