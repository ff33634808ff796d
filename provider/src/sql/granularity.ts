import type { StorageSpec } from "./spec";

/** What the engine adds to every MergeTree table that does not set it. */
const GRANULARITY = { name: "index_granularity", value: "8192" };

/** Granules per block of a data skipping index if the statement does not say: a vector index has one block per part. */
export function defaultGranularity(type: string): number {
  return /^vector_similarity\b/i.test(type) ? 100_000_000 : 1;
}

/** The storage without the setting that the engine adds by itself. */
export function withoutGranularity(storage: StorageSpec): StorageSpec {
  if (!/MergeTree\b/.test(storage.engine ?? "")) return storage;
  const { name, value } = GRANULARITY;
  return { ...storage, settings: storage.settings.filter((one) => one.name !== name || one.value !== value) };
}
