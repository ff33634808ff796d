import { around, connected, type Lineage, type Marks, renderMermaid } from "../graph";
import { plural } from "../util/format";
import { fence } from "./markdown";

/** With more boxes, a picture is unreadable. */
const MOST_NODES = 60;
/** Mermaid itself draws no more than 500 edges, */
const MOST_EDGES = 400;
/** and accepts no more than 50,000 characters of text. */
const LONGEST = 45_000;

/** The lineage with the changes marked; if the whole does not fit, less of their surroundings. */
export function renderGraph(all: Lineage, marks: Marks, budget: number): string[] {
  if (marks.size === 0) return [];
  // An isolated node has no lineage.
  const lineage = connected(all);
  const changed = lineage.nodes.map(({ key }) => key).filter((key) => marks.has(key));
  const views = [lineage, ...[2, 1, 0].map((steps) => around(lineage, changed, steps))];
  for (const [index, view] of views.entries()) {
    const isLast = index === views.length - 1;
    if (view.edges.length === 0 || view.edges.length > MOST_EDGES) continue;
    if (view.nodes.length > MOST_NODES && !isLast) continue;
    const text = fence(renderMermaid(view, marks), "mermaid");
    if (text.length + 300 > Math.min(budget, LONGEST)) continue;
    const left = lineage.nodes.length - view.nodes.length;
    const note = left === 0 ? "" : `\n\n<i>Around what changes; ${plural(left, "object")} further away not drawn.</i>`;
    return [`### Lineage\n\n${text}${note}`];
  }
  return lineage.edges.length === 0
    ? []
    : ["### Lineage\n\n<i>Too large to draw here: run `clickhouse-schema graph`.</i>"];
}
