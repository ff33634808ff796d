import type { Part } from "../../operation/parts";

/** Approximate number of chunks of one table; a large table has larger chunks, not more. */
const CHUNKS = 250;
/** Largest size of one chunk on disk. */
const CHUNK_BYTES = 8 * 1024 ** 3;
/** Most parts in one chunk; their names go into one statement. */
const CHUNK_PARTS = 1000;
/** Rows that are sorted in memory if their order matters. */
const SORTED_ROWS = 1_000_000;
/** A part at the end of a partition that is smaller than this share of the largest one will probably be merged soon. */
const TAIL = 1 / 8;

/** Omits the small parts at the end of each partition: the next merge would combine them with newer, uncopied rows. */
export function withoutTails(parts: readonly Part[]): Part[] {
  const largest = new Map<string, number>();
  for (const { partition, bytes } of parts) largest.set(partition, Math.max(largest.get(partition) ?? 0, bytes));
  const settled = new Set<string>();
  return [...parts]
    .reverse()
    .filter(({ partition, bytes }) => {
      if (bytes >= (largest.get(partition) ?? 0) * TAIL) settled.add(partition);
      return settled.has(partition);
    })
    .reverse();
}

/** Parts in their order, in groups of limited size. */
export function grouped(parts: readonly Part[], least: number): Part[][] {
  const groups: Part[][] = [];
  const limit = Math.max(least, parts.reduce((sum, part) => sum + part.rows, 0) / CHUNKS);
  let [rows, bytes] = [0, 0];
  for (const part of parts) {
    const group = groups.at(-1);
    [rows, bytes] = [rows + part.rows, bytes + part.bytes];
    if (group === undefined || rows > limit || bytes > CHUNK_BYTES || group.length >= CHUNK_PARTS) {
      groups.push([part]);
      [rows, bytes] = [part.rows, part.bytes];
    } else group.push(part);
  }
  return groups;
}

/** Small parts together, to be sorted in memory; a large one alone, because one thread reads it in its order. */
export function inOrder(parts: readonly Part[]): Part[][] {
  const batches: Part[][] = [];
  let rows = 0;
  for (const part of parts) {
    const batch = batches.at(-1);
    rows += part.rows;
    if (batch === undefined || rows > SORTED_ROWS) {
      batches.push([part]);
      rows = part.rows;
    } else batch.push(part);
  }
  return batches;
}
