import type { Runner } from "../operation/runner";
import type { VerifyOptions } from "./types";

/** Memory of one statement, in bytes, unless the options say otherwise. */
export const DEFAULT_MEMORY = 4 * 1024 ** 3;

/** Settings of a statement that groups: what does not fit into memory spills to disk. */
export function groupSettings(
  { connection }: Pick<Runner, "connection">,
  { maxMemory = DEFAULT_MEMORY, maxThreads }: Pick<VerifyOptions, "maxMemory" | "maxThreads">,
): string {
  const spill = Math.floor(maxMemory / 4);
  const ratio = connection.capabilities.groupByMemoryRatio ? "max_bytes_ratio_before_external_group_by = 0, " : "";
  const threads = maxThreads === undefined ? "" : `max_threads = ${Math.floor(maxThreads)}, `;
  return (
    ` SETTINGS final = 0, ${threads}apply_mutations_on_fly = 0, max_execution_time = 0, max_rows_to_read = 0, max_bytes_to_read = 0, ` +
    `max_rows_to_group_by = 0, max_result_rows = 0, max_result_bytes = 0, max_memory_usage = ${Math.floor(maxMemory)}, max_bytes_before_external_group_by = ${spill}, ` +
    `${ratio}max_query_size = 16777216, max_ast_elements = 1000000, max_expanded_ast_elements = 10000000`
  );
}
