/** Number of parts for each partition and content: how often a part was attached is seen by its hash. */
export type PartCounts = Map<string, number>;

/** What identifies a part by its content. */
export interface PartContent {
  readonly partition: string;
  readonly hash: string;
}

export function contentKey({ partition, hash }: PartContent): string {
  return `${partition} ${hash}`;
}

export function countParts(parts: readonly PartContent[]): PartCounts {
  const counts: PartCounts = new Map();
  for (const part of parts) counts.set(contentKey(part), (counts.get(contentKey(part)) ?? 0) + 1);
  return counts;
}

/** Takes one off the count of a part. @returns false if there was none left. */
export function takePart(counts: PartCounts, part: PartContent): boolean {
  const count = counts.get(contentKey(part)) ?? 0;
  counts.set(contentKey(part), count - 1);
  return count > 0;
}

/** Those of some parts that a table does not have yet. @param baseline how many equal parts it had before; @param now what it has. */
export function missingParts<Part extends PartContent>(
  parts: readonly Part[],
  baseline: Readonly<Record<string, number>>,
  now: readonly PartContent[],
): Part[] {
  const missing: PartCounts = new Map(Object.entries(baseline));
  for (const [key, count] of countParts(parts)) missing.set(key, (missing.get(key) ?? 0) + count);
  for (const [key, count] of countParts(now)) missing.set(key, (missing.get(key) ?? 0) - count);
  return parts.filter((part) => takePart(missing, part));
}

/** How many parts equal to some of them a table has: a journal line, to be given to {@link missingParts}. */
export function baselineOf(parts: readonly PartContent[], before: readonly PartContent[]): Record<string, number> {
  const own = countParts(parts);
  return Object.fromEntries([...countParts(before)].filter(([key]) => own.has(key)));
}
