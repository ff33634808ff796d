import type { Part } from "../../operation/parts";

/** A part whose rows were copied: partition, first and last block number, number of its newest mutation, rows on disk. */
export type CopiedPart = readonly [partition: string, low: number, high: number, mutation: number, rows: number];

/** A finished piece of one shard's copy: journal line `chunk:<shard>:<index>`. */
export interface ClusterChunk {
  readonly parts: readonly CopiedPart[];
  readonly rows: number;
  /** Sum of the row hashes. */
  readonly hash: string;
}

/** A chunk with its number. */
export interface NumberedChunk extends ClusterChunk {
  readonly index: number;
}

/** What a part has to do with what was copied. */
type Standing = "open" | "covered" | "torn";

/**
 * Replicas commit in their own order, so that "all up to block n" is never known: what was copied is a set of ranges of blocks. A part is covered
 * where they tile it; with a gap, a merge may have brought rows that were not copied, and what it touches is copied again.
 */
export function standingOf(part: Pick<Part, "partition" | "low" | "high">, copied: readonly CopiedPart[]): Standing {
  const touching = copied
    .filter(([partition, low, high]) => partition === part.partition && low <= part.high && high >= part.low)
    .sort((a, b) => a[1] - b[1]);
  if (touching.length === 0) return "open";
  let next = part.low;
  for (const [, low, high] of touching) {
    if (low > next) return "torn";
    next = Math.max(next, high + 1);
  }
  return next > part.high ? "covered" : "torn";
}

/** The parts that were not copied, and the chunks that no longer say what the table has. */
export interface Uncovered {
  readonly open: readonly Part[];
  readonly stale: readonly NumberedChunk[];
}

/** Compares what was copied with the parts that there are now. */
export function compareCoverage(chunks: readonly NumberedChunk[], parts: readonly Part[]): Uncovered {
  const copied = chunks.flatMap((chunk) => chunk.parts);
  const standing = parts.map((part) => ({ part, is: standingOf(part, copied) }));
  const torn = standing.filter(({ is }) => is === "torn").map(({ part }) => part);
  const partitions = changedPartitions(
    copied,
    standing.filter(({ is }) => is === "covered").map(({ part }) => part),
  );
  const isStale = ([partition, low, high]: CopiedPart): boolean =>
    (torn.length === 0 && partitions.has(partition)) ||
    torn.some((part) => part.partition === partition && low <= part.high && high >= part.low);
  const stale = chunks.filter((chunk) => chunk.parts.some(isStale));
  return { open: standing.filter(({ is }) => is === "open").map(({ part }) => part), stale };
}

/** Partitions of which other rows were copied than there are: a mutation or DROP PARTITION came in between. */
function changedPartitions(copied: readonly CopiedPart[], covered: readonly Part[]): Set<string> {
  const changed = new Set<string>();
  for (const partition of new Set(copied.map(([name]) => name))) {
    const own = copied.filter(([name]) => name === partition);
    const now = covered.filter((part) => part.partition === partition);
    const newest = Math.max(0, ...own.map(([, , , mutation]) => mutation));
    const rows = own.reduce((sum, [, , , , count]) => sum + count, 0);
    const found = now.reduce((sum, part) => sum + part.rows, 0);
    if (rows !== found || now.some(({ mutation }) => mutation > newest)) changed.add(partition);
  }
  return changed;
}

/** A part as it is recorded. */
export function copiedPart({ high, low, mutation, partition, rows }: Part): CopiedPart {
  return [partition, low, high, mutation, rows];
}
