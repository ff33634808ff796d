/**
 * The packages that contain the engines change ClickHouse's defaults, for a short life inside another process: pools of one or two threads,
 * parts that are deleted as soon as they are merged, `ALTER`s that wait for their mutation. These are the server's own defaults, as in its
 * sources (the same from 24.8 to 26.9), so that what tests measure is what servers do.
 */
const SERVER: Readonly<Record<string, number>> = {
  background_pool_size: 16,
  background_fetches_pool_size: 16,
  background_common_pool_size: 8,
  background_move_pool_size: 8,
  background_buffer_flush_schedule_pool_size: 16,
  /** 512 since 24.4; all threads start with the server, and nothing here needs more. */
  background_schedule_pool_size: 128,
  background_message_broker_schedule_pool_size: 16,
  background_distributed_schedule_pool_size: 16,
  max_database_replicated_create_table_thread_pool_size: 1,
};

const MERGE_TREE: Readonly<Record<string, number>> = {
  /** How long a merged part stays on disk, in seconds. */
  old_parts_lifetime: 480,
  number_of_free_entries_in_pool_to_lower_max_size_of_merge: 8,
  number_of_free_entries_in_pool_to_execute_mutation: 20,
  number_of_free_entries_in_pool_to_execute_optimize_entire_partition: 25,
};

/** Query settings. */
export const SETTINGS_DEFAULTS: Readonly<Record<string, number>> = { mutations_sync: 0 };
/** Further ones that clickhouse-local changes, and with it every embedded engine. */
export const LOCAL_SETTINGS_DEFAULTS: Readonly<Record<string, number>> = {
  ...SETTINGS_DEFAULTS,
  allow_introspection_functions: 0,
  implicit_select: 0,
};

/** Elements of a server's configuration. */
export const SERVER_DEFAULTS = `${elements(SERVER)}<merge_tree>${elements(MERGE_TREE)}</merge_tree>`;

function elements(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join("");
}
