import { escapeHtml } from "../util/html";
import { type Layout, layOut, type Rectangle } from "./layout";
import type { Lineage, LineageEdge, LineageNode } from "./lineage";
import { classOf, drawingOf, type Mark, type Marks, NO_MARKS, PLAIN_SIGNS, paintOf, wordOf } from "./marks";
import { shorten as shortenTo } from "./names";
import { PAGE_SCRIPT } from "./page-script";
import { PAGE_STYLE } from "./page-style";

/** What a page shows besides the graph. */
export interface PageOptions {
  /** Heading. Default: `ClickHouse lineage`. */
  readonly title?: string;
  /** Text shown when a node is selected, by key: its CREATE statement. Default: none. */
  readonly statements?: ReadonlyMap<string, string>;
}

/** Longest name and detail in a box, in characters; the tooltip has the full text. */
const LONGEST = 40;

/** Distance from a box's side to its text, in pixels: past the bend of a view's corner. */
const INDENT = 16;

/**
 * The lineage as one self-contained page: no network, no library. It can be panned, zoomed and searched, and a click on a box
 * shows where its data comes from and goes to, with its statement.
 */
export function renderHtml(lineage: Lineage, marks: Marks = NO_MARKS, options: PageOptions = {}): string {
  const { title = "ClickHouse lineage", statements } = options;
  const ids = new Map(lineage.nodes.map(({ key }, index) => [key, index]));
  const details = lineage.nodes.map((node) => ({
    name: fullName(node),
    about: [wordOf(node.kind), node.detail, marks.get(node.key)].filter(Boolean).join(" · "),
    statement: statements?.get(node.key) ?? "",
  }));
  const counts = `${plural(lineage.nodes.length, "object")}, ${plural(lineage.edges.length, "connection")}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
${PAGE_STYLE}
</style>
</head>
<body>
<header>
<h1>${escapeHtml(title)}</h1><span class="counts">${counts}</span>
<input id="search" type="search" placeholder="Find a name" aria-label="Find a name">
<button id="fit" type="button">Fit</button>
${renderLegend(lineage, marks)}
</header>
<main>
${renderSvg(lineage, marks, ids)}
<aside id="panel" hidden><button id="close" type="button" aria-label="Close">×</button><h2></h2><p></p><pre></pre></aside>
</main>
<script type="application/json" id="details">${json(details)}</script>
<script>
${PAGE_SCRIPT}
</script>
</body>
</html>
`;
}

function renderSvg(lineage: Lineage, marks: Marks, ids: ReadonlyMap<string, number>): string {
  const layout = layOut(lineage, (node) => widthOf(node, marks));
  const parts = [
    ...layout.lanes.map(renderLane),
    ...layout.lines.map(({ edge, path }) => renderEdge(edge, path, ids)),
    ...lineage.nodes.map((node, index) => renderNode(node, index, layout, marks)),
  ];
  return `<svg id="graph" role="img" aria-label="Lineage" data-width="${layout.width}" data-height="${layout.height}">
<defs>${arrow("arrow")}${arrow("arrow-strong")}</defs>
${parts.join("\n")}
</svg>`;
}

function arrow(id: string): string {
  return `<marker id="${id}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path d="M0,1L9,5L0,9z"/></marker>`;
}

function renderLane({ database, ...place }: Layout["lanes"][number]): string {
  const name = `<text class="database" x="16" y="${place.y + 22}">${escapeHtml(shorten(database))}</text>`;
  return `<rect class="lane" rx="10" ${attributes(place)}/>${name}`;
}

function renderEdge({ from, to, kind }: LineageEdge, path: string, ids: ReadonlyMap<string, number>): string {
  const end = kind === "write" ? "arrow-strong" : "arrow";
  return `<path class="edge ${kind}" data-from="${ids.get(from)}" data-to="${ids.get(to)}" d="${path}" marker-end="url(#${end})"/>`;
}

function renderNode(node: LineageNode, index: number, { boxes }: Layout, marks: Marks): string {
  const box = boxes.get(node.key) ?? { x: 0, y: 0, width: 0, height: 0 };
  const name = classOf(node, marks);
  const tip = escapeHtml([fullName(node), wordOf(node.kind), node.detail].filter(Boolean).join("\n"));
  const dash = paintOf(name).dashed ? ' stroke-dasharray="5 4"' : "";
  const second = secondLine(node, marks.get(node.key));
  const lines = [
    `<text class="name" x="${box.x + INDENT}" y="${box.y + 17}">${escapeHtml(shorten(node.name))}</text>`,
    `<text class="detail" x="${box.x + INDENT}" y="${box.y + 32}">${escapeHtml(shorten(second))}</text>`,
  ];
  return (
    `<g class="node" data-paint="${name}" tabindex="0" data-id="${index}"><title>${tip}</title>` +
    `<rect rx="${drawingOf(node.kind).radius ?? 6}" ${attributes(box)}${dash}/>` +
    `${bars(node, box)}${lines.join("")}</g>`
  );
}

/** Bars at both sides, as in the Mermaid graph: distinguishable without colour. */
function bars({ kind }: LineageNode, { x, y, width, height }: Rectangle): string {
  if (drawingOf(kind).bars !== true) return "";
  const [left, right] = [x + 5, x + width - 5];
  return `<path class="sides" d="M${left},${y}V${y + height}M${right},${y}V${y + height}"/>`;
}

function secondLine(node: LineageNode, mark: Mark | undefined): string {
  const kind = node.detail || wordOf(node.kind);
  return mark === undefined ? kind : `${PLAIN_SIGNS[mark]} ${mark} · ${kind}`;
}

/** Text cannot be measured, the font is unknown: letters are assumed to be as wide as those of the widest common font. */
function widthOf(node: LineageNode, marks: Marks): number {
  const name = shorten(node.name).length * 8.2;
  const detail = shorten(secondLine(node, marks.get(node.key))).length * 6.4;
  return Math.round(Math.max(96, name, detail) + 2 * INDENT);
}

function renderLegend(lineage: Lineage, marks: Marks): string {
  const seen = new Map(lineage.nodes.map((node) => [classOf(node, marks), node]));
  const items = [...seen].map(([name, node]) => {
    const dashed = paintOf(name).dashed ? ";border-style:dashed" : "";
    const mark = marks.get(node.key);
    const label =
      mark !== undefined ? `${PLAIN_SIGNS[mark]} ${mark}` : name === "plain" ? "unchanged" : wordOf(node.kind);
    return `<span><i style="background:var(--${name}-fill);border:1.5px solid var(--${name}-stroke)${dashed}"></i>${label}</span>`;
  });
  const lines = { insert: "on insert", refresh: "on a schedule", query: "when queried", write: "writes" };
  const kinds = new Set(lineage.edges.map(({ kind }) => kind));
  const edges = Object.entries(lines).filter(([kind]) => [...kinds].some((one) => one === kind));
  const drawn = edges.map(
    ([kind, label]) => `<span><svg width="30" height="8"><path class="edge ${kind}" d="M0,4H30"/></svg>${label}</span>`,
  );
  return `<div class="legend">${items.join("")}${drawn.join("")}</div>`;
}

function attributes({ x, y, width, height }: Rectangle): string {
  return `x="${x}" y="${y}" width="${width}" height="${height}"`;
}

function shorten(text: string): string {
  return shortenTo(text, LONGEST);
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** JSON that no `</script>` or `<!--` in it can end. */
function json(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/** A function is in no database. */
function fullName({ database, name }: LineageNode): string {
  return database === "" ? name : `${database}.${name}`;
}
