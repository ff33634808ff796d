import { namesIn } from "../diff/text";
import { splitArguments } from "../sql/fragments";

/**
 * What ALTER TABLE an engine takes: everything, columns and settings, columns, or nothing but comments. Measured on 26.7.
 * Memory takes RENAME COLUMN too, and loses the column's values without a word.
 */
export type Ability = "all" | "memory" | "columns" | "comments";

/** Engines that keep no rows of their own, or none that a schema tool could copy. */
const ROWLESS =
  /^(?:Null|Merge|Buffer|Distributed|Kafka|RabbitMQ|NATS|\w*Queue|URL|S3|HDFS|Azure\w*|GCS|OSS|COSN|MySQL|PostgreSQL|MaterializedPostgreSQL|MongoDB|Redis|SQLite|ODBC|JDBC|Dictionary|Executable\w*|GenerateRandom|FuzzJSON|FuzzQuery|Iceberg\w*|DeltaLake\w*|Hudi|Paimon\w*|Loop|Alias)$/;

/** Settings that cannot be changed on a table that stands (code 472). */
const IMMUTABLE_SETTINGS: ReadonlySet<string> = new Set([
  "index_granularity",
  "index_granularity_bytes",
  "enable_mixed_granularity_parts",
  "share_nested_offsets",
  "allow_tuple_element_aggregation",
  "table_disk",
  "add_minmax_index_for_numeric_columns",
  "add_minmax_index_for_string_columns",
  "add_minmax_index_for_temporal_columns",
  "add_minmax_index_for_block_number_column",
  "add_minmax_index_for_block_offset_column",
]);

/** `ReplacingMergeTree(v)` is `ReplacingMergeTree`. */
export function engineName(engine: string | undefined): string {
  // SHOW CREATE prints `Null` in backticks.
  return /^`?(\w+)/.exec(engine ?? "MergeTree")?.[1] ?? "MergeTree";
}

export function abilityOf(engine: string | undefined): Ability {
  const name = engineName(engine);
  if (name.endsWith("MergeTree")) return "all";
  if (name === "Memory") return "memory";
  return ["Null", "Merge", "Buffer", "Distributed"].includes(name) ? "columns" : "comments";
}

export function holdsRows(engine: string | undefined): boolean {
  return !ROWLESS.test(engineName(engine));
}

/** Whether the engine's merges depend on the sorting key: rows of equal keys become one. */
export function mergesByKey(engine: string | undefined): boolean {
  return /(?:Replacing|Summing|Aggregating|Collapsing|Coalescing|Graphite)MergeTree$/.test(engineName(engine));
}

/** Whether the Keeper or a cloud has a say, where the long protocols are not proven. */
export function isReplicated(engine: string | undefined): boolean {
  return /^(?:Replicated|Shared)/.test(engineName(engine));
}

export function isImmutableSetting(name: string): boolean {
  return IMMUTABLE_SETTINGS.has(name);
}

/** Columns that the engine's arguments name: version, sign, what is summed. */
export function engineColumns(engine: string | undefined): ReadonlySet<string> {
  const args = engine?.replace(/^`?\w+`?/, "").replace(/^\s*\(([\s\S]*)\)\s*$/, "$1") ?? "";
  return namesIn(...splitArguments(args));
}
