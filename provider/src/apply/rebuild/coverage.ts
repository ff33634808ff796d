import type { Part } from "../../operation/parts";
import type { RebuildContext } from "./context";

/** The content of a chunk in one partition. */
export interface Range {
  /** Highest block number; all lower ones are in this chunk or an earlier one. */
  readonly high: number;
  readonly mutation: number;
  /** Rows on disk, including hidden ones. */
  readonly stored: number;
}

/** A finished piece of the copy: journal line `chunk:<index>`. */
export interface Chunk {
  readonly ranges: Readonly<Record<string, Range>>;
  readonly rows: number;
  /** Sum of the row hashes. */
  readonly hash: string;
  /** Whether a lightweight DELETE had hidden some of its rows; they may later disappear from the old table. */
  readonly masked: boolean;
}

/** A chunk with its number. */
export interface NumberedChunk extends Chunk {
  readonly index: number;
}

/** The valid chunks, oldest first; a voided one has `null` as its line. */
export function chunksOf({ journal }: Pick<RebuildContext, "journal">): NumberedChunk[] {
  return journal
    .entries<Chunk | null>("chunk:")
    .flatMap(([key, chunk]) => (chunk === null ? [] : [{ ...chunk, index: indexOf(key) }]))
    .sort((a, b) => a.index - b.index);
}

/** Numbers of all chunks, including voided ones. */
export function chunkIndexes({ journal }: RebuildContext): number[] {
  return journal.entries("chunk:").map(([key]) => indexOf(key));
}

/** Highest copied block number of a partition; -1 when nothing of it has been copied. */
export function highOf(chunks: readonly Chunk[], partition: string): number {
  return Math.max(-1, ...chunks.map(({ ranges }) => ranges[partition]?.high ?? -1));
}

/**
 * The parts that have not been copied. If a part crosses the border of what was copied (a merge), or a mutation or DROP PARTITION has
 * changed copied rows, the chunks concerned are voided and copied again.
 */
export async function uncovered(context: RebuildContext, parts: readonly Part[]): Promise<Part[]> {
  for (;;) {
    const chunks = chunksOf(context);
    const stale = findStale(context, chunks, parts);
    if (stale.size === 0)
      return withoutCopied(
        chunks,
        parts.filter((part) => isUncovered(context, chunks, part)),
        parts,
      );
    for (const chunk of withLater(chunks, stale)) await context.journal.set(`chunk:${chunk.index}`, null);
  }
}

/**
 * The size of a part that also has copied rows, without these: a partition has as many uncopied rows as it has more rows than were copied, and
 * only one of its parts has rows of both kinds.
 */
function withoutCopied(chunks: readonly Chunk[], open: readonly Part[], all: readonly Part[]): Part[] {
  return open.map((part) => {
    if (part.low > highOf(chunks, part.partition)) return part;
    const rowsOf = (parts: readonly Part[]): number =>
      parts.reduce((sum, other) => sum + (other.partition === part.partition ? other.rows : 0), 0);
    const stored = chunks.reduce((sum, { ranges }) => sum + (ranges[part.partition]?.stored ?? 0), 0);
    const fresh = open.filter((other) => other !== part);
    const rows = Math.min(part.rows, Math.max(0, rowsOf(all) - stored - rowsOf(fresh)));
    return { ...part, rows, bytes: Math.ceil((part.bytes * rows) / Math.max(1, part.rows)) };
  });
}

/** Whether a part has rows that are not copied: where merges keep the numbers of blocks, it may also have copied ones. */
export function isUncovered({ byNumber }: RebuildContext, chunks: readonly Chunk[], part: Part): boolean {
  return (byNumber ? part.high : part.low) > highOf(chunks, part.partition);
}

/** Parts that cross the border: their copied and uncopied rows can no longer be distinguished. */
export function spanning(chunks: readonly Chunk[], parts: readonly Part[]): Part[] {
  return parts.filter(({ partition, low, high }) => {
    const border = highOf(chunks, partition);
    return low <= border && high > border;
  });
}

/** Checks whether the old table still has the rows that were copied. @returns the differences, in words, by partition. */
export function differences(
  context: RebuildContext,
  chunks: readonly Chunk[],
  parts: readonly Part[],
): Map<string, string> {
  const found = new Map<string, string>();
  for (const partition of new Set(chunks.flatMap(({ ranges }) => Object.keys(ranges)))) {
    const ranges = chunks.flatMap(({ ranges }) => ranges[partition] ?? []);
    const high = highOf(chunks, partition);
    const own = parts.filter(
      (part) => part.partition === partition && (context.byNumber ? part.low : part.high) <= high,
    );
    // Rows of a part that also has uncovered ones cannot be told by its size. They are counted once nothing is uncovered.
    const isOpen = context.byNumber && parts.some((part) => part.partition === partition && part.high > high);
    const stored = ranges.reduce((sum, range) => sum + range.stored, 0);
    const now = own.reduce((sum, part) => sum + part.rows, 0);
    const mutation = Math.max(0, ...ranges.map((range) => range.mutation));
    const shrinks =
      context.sourceShrinks || chunks.some((chunk) => chunk.masked && chunk.ranges[partition] !== undefined);
    if (own.some((part) => part.mutation > mutation)) found.set(partition, "was changed by a mutation");
    else if (!isOpen && (shrinks ? now > stored || (now === 0 && stored > 0) : now !== stored)) {
      found.set(partition, `has ${now} rows where ${stored} were copied`);
    }
  }
  return found;
}

function findStale(
  context: RebuildContext,
  chunks: readonly NumberedChunk[],
  parts: readonly Part[],
): Set<NumberedChunk> {
  const stale = new Set<NumberedChunk>();
  for (const part of context.byNumber ? [] : spanning(chunks, parts)) {
    for (const chunk of chunks) if ((chunk.ranges[part.partition]?.high ?? -1) >= part.low) stale.add(chunk);
  }
  if (stale.size > 0) return stale;
  for (const partition of differences(context, chunks, parts).keys()) {
    for (const chunk of chunks) if (chunk.ranges[partition] !== undefined) stale.add(chunk);
  }
  return stale;
}

/** Voiding a chunk voids the later ones of its partitions: the copy of a partition must be contiguous from its beginning. */
function withLater(chunks: readonly NumberedChunk[], stale: ReadonlySet<NumberedChunk>): NumberedChunk[] {
  const gone = new Set<string>();
  return chunks.filter((chunk) => {
    const partitions = Object.keys(chunk.ranges);
    const goes = stale.has(chunk) || partitions.some((partition) => gone.has(partition));
    if (goes) for (const partition of partitions) gone.add(partition);
    return goes;
  });
}

function indexOf(key: string): number {
  return Number(key.slice("chunk:".length));
}
