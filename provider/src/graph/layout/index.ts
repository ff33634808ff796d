import { byDatabase } from "../groups";
import type { Lineage, LineageEdge, LineageNode } from "../lineage";
import { placeLane } from "./lane";
import { ranksOf } from "./ranks";

/** A rectangle in pixels; x and y of its upper left corner. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** One band per database, one below the other. */
  readonly lanes: readonly (Rectangle & { readonly database: string })[];
  readonly boxes: ReadonlyMap<string, Rectangle>;
  /** `path` is the `d` of an SVG path. */
  readonly lines: readonly { readonly edge: LineageEdge; readonly path: string }[];
}

/** Width that a node's box needs, in pixels; all boxes of a column get the width of the widest. */
export type Measure = (node: LineageNode) => number;

const BOX_HEIGHT = 40;
const GAP = { column: 84, row: 14, lane: 22 };
const PADDING = { left: 20, top: 34, bottom: 16 };

/**
 * Data flows from left to right: a column for every step from the source, the same columns in every band, a band for each database.
 * Within a band, boxes are ordered so that lines rarely cross and run straight.
 */
export function layOut(lineage: Lineage, measure: Measure): Layout {
  const ranks = ranksOf(lineage);
  const columns = columnsOf(lineage.nodes, ranks, measure);
  const right = columns.at(-1) ?? { x: PADDING.left, width: 0 };
  const width = right.x + right.width + PADDING.left;
  const boxes = new Map<string, Rectangle>();
  let y = 0;
  const lanes = byDatabase(lineage).map(([database, nodes]) => {
    const places = placeLane(nodes, lineage.edges, ranks, BOX_HEIGHT + GAP.row);
    for (const node of nodes) {
      const column = columns[ranks.get(node.key) ?? 0] ?? right;
      const top = y + PADDING.top + (places.get(node.key) ?? 0);
      boxes.set(node.key, { x: column.x, y: top, width: column.width, height: BOX_HEIGHT });
    }
    const bottom = Math.max(...nodes.map(({ key }) => (places.get(key) ?? 0) + BOX_HEIGHT));
    const lane = { database, x: 0, y, width, height: PADDING.top + bottom + PADDING.bottom };
    y += lane.height + GAP.lane;
    return lane;
  });
  const lines = lineage.edges.map((edge) => ({ edge, path: pathOf(boxes.get(edge.from), boxes.get(edge.to)) }));
  return { width, height: Math.max(0, y - GAP.lane), lanes, boxes, lines };
}

function columnsOf(nodes: readonly LineageNode[], ranks: ReadonlyMap<string, number>, measure: Measure) {
  const widths: number[] = [];
  for (const node of nodes) {
    const rank = ranks.get(node.key) ?? 0;
    widths[rank] = Math.max(widths[rank] ?? 0, measure(node));
  }
  let x = PADDING.left;
  return Array.from(widths, (width = 0) => {
    const column = { x, width };
    x += width + GAP.column;
    return column;
  });
}

/** A curve from the right side of one box to the left side of the other; backwards lines loop below. */
function pathOf(from: Rectangle | undefined, to: Rectangle | undefined): string {
  if (from === undefined || to === undefined) return "";
  const [x1, y1, x2, y2] = [from.x + from.width, from.y + from.height / 2, to.x, to.y + to.height / 2];
  const bend = x2 > x1 ? Math.max(30, (x2 - x1) / 2) : 90;
  return `M${x1},${y1}C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`;
}
