import { byDatabase } from "./groups";
import type { EdgeKind, Lineage } from "./lineage";
import { classOf, drawingOf, type Marks, NO_MARKS, paintOf } from "./marks";

const LINES: Readonly<Record<EdgeKind, string>> = {
  insert: "",
  refresh: " [style=dashed]",
  query: " [color=gray50]",
  write: " [penwidth=2]",
};

/** The lineage for Graphviz: one cluster per database. */
export function renderDot(lineage: Lineage, marks: Marks = NO_MARKS): string {
  const ids = new Map(lineage.nodes.map(({ key }, index) => [key, `n${index}`]));
  const lines = [
    "digraph lineage {",
    "  rankdir=LR;",
    '  node [fontname="Helvetica", fontsize=11];',
    '  graph [fontname="Helvetica", fontsize=12, style=rounded, color=gray70];',
  ];
  byDatabase(lineage).forEach(([database, nodes], index) => {
    lines.push(`  subgraph cluster_${index} {`, `    label=${quote(database)};`);
    for (const node of nodes) {
      const mark = marks.get(node.key);
      const label = [node.name, node.detail, mark].filter(Boolean).join("\n");
      const { fill, stroke, text, dashed } = paintOf(classOf(node, marks));
      const look = `shape=${drawingOf(node.kind).dot}, style=${quote(dashed ? "filled,dashed" : "filled")}`;
      const colors = `fillcolor="${fill}", color="${stroke}", fontcolor="${text}"`;
      lines.push(`    ${ids.get(node.key)} [label=${quote(label)}, ${look}, ${colors}];`);
    }
    lines.push("  }");
  });
  for (const { from, to, kind } of lineage.edges) lines.push(`  ${ids.get(from)} -> ${ids.get(to)}${LINES[kind]};`);
  return [...lines, "}"].join("\n");
}

function quote(text: string): string {
  const escaped = text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
  // A NUL would end the string for Graphviz.
  return `"${escaped.replaceAll("\0", "␀")}"`;
}
