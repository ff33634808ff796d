/** Whatever the user's profile says, a copy reads all rows, exactly once, unchanged. */
export const READ_SETTINGS =
  "final = 0, max_execution_time = 0, apply_mutations_on_fly = 0, max_rows_to_read = 0, max_bytes_to_read = 0";

/** It writes rows as they are, each exactly once. */
export const WRITE_SETTINGS =
  "optimize_on_insert = 0, insert_deduplicate = 0, max_partitions_per_insert_block = 0, async_insert = 0";
