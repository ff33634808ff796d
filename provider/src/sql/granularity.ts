/** Granules per block of a data skipping index if the statement does not say: a vector index has one block per part. */
export function defaultGranularity(type: string): number {
  return /^vector_similarity\b/i.test(type) ? 100_000_000 : 1;
}
