/** Whatever the user's profile says, a copy reads all rows, exactly once, unchanged. */
export const READ_SETTINGS =
  "final = 0, max_execution_time = 0, apply_mutations_on_fly = 0, max_rows_to_read = 0, max_bytes_to_read = 0";

/** It writes rows as they are, each exactly once. */
export const WRITE_SETTINGS =
  "optimize_on_insert = 0, insert_deduplicate = 0, max_partitions_per_insert_block = 0, async_insert = 0";

/** Large blocks straight from the part, so that none have to be assembled in memory: a third less work, and no more parts. */
const BLOCK_SETTINGS =
  "max_block_size = 1048449, preferred_block_size_bytes = 134217728, merge_tree_min_rows_for_concurrent_read = 1048449, " +
  "merge_tree_min_bytes_for_concurrent_read = 1073741824, min_insert_block_size_rows = 131072, min_insert_block_size_bytes = 67108864";
/** Of an INSERT … SELECT that copies rows. */
export const COPY_SETTINGS = `${READ_SETTINGS}, ${WRITE_SETTINGS}, ${BLOCK_SETTINGS}`;
/** For reading only: blocks that fit into the processor's cache. */
export const HASH_SETTINGS = `${READ_SETTINGS}, preferred_block_size_bytes = 4194304`;
