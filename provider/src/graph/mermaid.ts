import { byDatabase } from "./groups";
import type { EdgeKind, Lineage, LineageNode } from "./lineage";
import { classOf, drawingOf, type Marks, NO_MARKS, paintOf, SIGNS } from "./marks";
import { shorten } from "./names";

const ARROWS: Readonly<Record<EdgeKind, string>> = { insert: "-->", refresh: "-.->", query: "-->", write: "==>" };

/** Longest name that is shown, in characters. */
const LONGEST = 40;

/** The lineage as a Mermaid flowchart, without a fence. Any name is safe: everything but letters and digits is written as its code. */
export function renderMermaid(lineage: Lineage, marks: Marks = NO_MARKS): string {
  const ids = new Map(lineage.nodes.map(({ key }, index) => [key, `n${index}`]));
  const lines = ["flowchart LR"];
  byDatabase(lineage).forEach(([database, nodes], index) => {
    lines.push(`  subgraph d${index}["${label(database)}"]`);
    lines.push("    direction LR");
    for (const node of nodes) lines.push(`    ${ids.get(node.key)}${box(node, marks)}`);
    lines.push("  end", `  style d${index} fill:transparent,stroke:#8c959f`);
  });
  for (const { from, to, kind } of lineage.edges) lines.push(`  ${ids.get(from)} ${ARROWS[kind]} ${ids.get(to)}`);
  const classes = new Set(lineage.nodes.map((node) => classOf(node, marks)));
  for (const name of [...classes].sort()) {
    const { fill, stroke, text, dashed } = paintOf(name);
    const dash = dashed ? ",stroke-dasharray:5 4" : "";
    lines.push(`  classDef ${className(name)} fill:${fill},stroke:${stroke},color:${text}${dash}`);
  }
  return lines.join("\n");
}

function box(node: LineageNode, marks: Marks): string {
  const [open, close] = drawingOf(node.kind).mermaid;
  const mark = marks.get(node.key);
  const name = `${mark === undefined ? "" : `${SIGNS[mark]}\u00a0`}${label(node.name)}`;
  const detail = node.detail ? `<br/><small>${label(node.detail)}</small>` : "";
  return `${open}"${name}${detail}"${close}:::${className(classOf(node, marks))}`;
}

/** `default` and other words have a meaning in Mermaid, so no class is named by a bare word. */
function className(name: string): string {
  return `is_${name}`;
}

function label(text: string): string {
  return shorten(text, LONGEST).replace(/[^\p{L}\p{N}_. …]/gu, (char) => `#${char.codePointAt(0)};`);
}
