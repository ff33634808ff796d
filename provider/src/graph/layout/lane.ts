import type { LineageEdge, LineageNode } from "../lineage";

/** A box, or the place in a column through which a line passes. */
interface Slot {
  readonly key: string;
  readonly rank: number;
  /** The share of a box's height that it takes up. */
  readonly size: number;
  readonly neighbours: Slot[];
  y: number;
}

const SWEEPS = 24;

/** A line that is off by less than this share of a step is straightened. */
const ALMOST = 1 / 3;

/**
 * Upper edges of the boxes of one band, from 0, in pixels.
 *
 * @param step distance between the upper edges of two boxes, one below the other.
 */
export function placeLane(
  nodes: readonly LineageNode[],
  edges: readonly LineageEdge[],
  ranks: ReadonlyMap<string, number>,
  step: number,
): ReadonlyMap<string, number> {
  const { columns, slots } = slotsOf(nodes, edges, ranks);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const inOrder = sweep % 2 === 0 ? columns : [...columns].reverse();
    for (const column of inOrder) settle(column, step);
  }
  for (const column of columns) straighten(column, step);
  const at = (key: string): number => slots.get(key)?.y ?? 0;
  return closed(
    nodes.map(({ key }) => ({ key, y: at(key) })).sort((a, b) => a.y - b.y),
    step,
  );
}

/**
 * From 0, without strips that no box reaches into: what no line connects drifts apart, and passing lines may be above the first box.
 *
 * @param boxes from top to bottom.
 */
function closed(boxes: readonly { readonly key: string; readonly y: number }[], step: number): Map<string, number> {
  const places = new Map<string, number>();
  let strip = 0;
  let end = 0;
  for (const { key, y } of boxes) {
    strip = places.size === 0 ? y : strip + Math.max(0, y - strip - end);
    places.set(key, y - strip);
    end = Math.max(end, y - strip + step);
  }
  return places;
}

function slotsOf(nodes: readonly LineageNode[], edges: readonly LineageEdge[], ranks: ReadonlyMap<string, number>) {
  const columns: Slot[][] = [];
  const add = (key: string, rank: number, size: number): Slot => {
    const column = columns[rank] ?? [];
    const slot: Slot = { key, rank, size, neighbours: [], y: column.length };
    column.push(slot);
    columns[rank] = column;
    return slot;
  };
  const slots = new Map(nodes.map(({ key }) => [key, add(key, ranks.get(key) ?? 0, 1)]));
  for (const { from, to } of edges) {
    const [start, end] = [slots.get(from), slots.get(to)];
    if (start === undefined || end === undefined) continue;
    let last = start;
    for (let rank = start.rank + 1; rank < end.rank; rank++) {
      const passing = add(`${from}\0\0${to}`, rank, 0.4);
      link(last, passing);
      last = passing;
    }
    link(last, end);
  }
  return { columns: Array.from(columns, (column = []) => column), slots };
}

function link(a: Slot, b: Slot): void {
  a.neighbours.push(b);
  b.neighbours.push(a);
}

/** Moves each slot of a column towards the middle of its neighbours, in their order and without overlap. */
function settle(column: Slot[], step: number): void {
  const wanted = new Map(column.map((slot) => [slot, middle(slot)]));
  const at = (slot: Slot): number => wanted.get(slot) ?? slot.y;
  column.sort((a, b) => at(a) - at(b));
  let free = Number.NEGATIVE_INFINITY;
  let pushed = 0;
  for (const slot of column) {
    slot.y = Math.max(at(slot), free);
    pushed += slot.y - at(slot);
    free = slot.y + step * slot.size;
  }
  // Overlaps were resolved downwards only: the column as a whole moves back by the mean.
  const back = column.length === 0 ? 0 : pushed / column.length;
  for (const slot of column) slot.y -= back;
}

function middle({ neighbours, y }: Slot): number {
  if (neighbours.length === 0) return y;
  return neighbours.reduce((sum, neighbour) => sum + neighbour.y, 0) / neighbours.length;
}

/** Rounds the positions, and moves a slot level with a neighbour that it is almost level with, if nothing is in the way. */
function straighten(column: readonly Slot[], step: number): void {
  column.forEach((slot, index) => {
    const before = column[index - 1];
    const behind = column[index + 1];
    const isFree = (y: number): boolean =>
      (before === undefined || before.y + step * before.size <= y) &&
      (behind === undefined || y + step * slot.size <= behind.y);
    const level = slot.neighbours.find(({ rank, y }) => rank < slot.rank && Math.abs(y - slot.y) < step * ALMOST);
    slot.y = level !== undefined && isFree(level.y) ? level.y : Math.round(slot.y);
  });
}
