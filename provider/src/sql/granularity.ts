/** Granules that a block of a data skipping index covers where the statement does not say: a vector index has one block a part. */
export function defaultGranularity(type: string): number {
  return /^vector_similarity\b/i.test(type) ? 100_000_000 : 1;
}
