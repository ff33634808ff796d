/** Facts about table engines, for every stage: what becomes of rows, what ALTER takes, whether they reach out of the process. */

/**
 * Where inserted rows are.
 * - `own`: in the table; DROP TABLE takes them along, and an engine that is not known is taken for one of these.
 * - `passed on`: nowhere; views see them, and the insert ends.
 * - `elsewhere`: in other tables, files, queues or systems, which DROP TABLE leaves alone.
 */
export type Rows = "own" | "passed on" | "elsewhere";

/**
 * What ALTER TABLE an engine takes: everything, columns and settings, columns, or nothing but comments. Measured on 26.7.
 * Memory takes RENAME COLUMN too, and loses the column's values without a word.
 */
export type Ability = "all" | "memory" | "columns" | "comments";

interface Traits {
  readonly names: RegExp;
  readonly rows: Rows;
  /** Opens connections or files of others, when it is created or when it is read. */
  readonly reachesOut: boolean;
  /** `comments` unless given. */
  readonly ability?: Ability;
}

/** The first one that fits counts. */
const ENGINES: readonly Traits[] = [
  { names: /MergeTree$/, rows: "own", reachesOut: false, ability: "all" },
  { names: /^Memory$/, rows: "own", reachesOut: false, ability: "memory" },
  { names: /^Null$/, rows: "passed on", reachesOut: false, ability: "columns" },
  { names: /^MaterializedView$/, rows: "passed on", reachesOut: false },
  { names: /^(?:Merge|Buffer)$/, rows: "elsewhere", reachesOut: false, ability: "columns" },
  { names: /^Distributed$/, rows: "elsewhere", reachesOut: true, ability: "columns" },
  // Keeper's copy goes with the last table on its path.
  { names: /^KeeperMap$/, rows: "own", reachesOut: true },
  { names: /^File$/, rows: "own", reachesOut: true },
  { names: /^(?:View|Dictionary|GenerateRandom|FuzzJSON|FuzzQuery|Loop|Alias)$/, rows: "elsewhere", reachesOut: false },
  {
    names: new RegExp(
      "^(?:Kafka|RabbitMQ|NATS|FileLog|\\w+Queue|Redis|MySQL|SQLite|(?:Materialized)?PostgreSQL|MaterializedMySQL|MongoDB|[OJ]DBC|" +
        "ExternalDistributed|S3|GCS|OSS|COSN|HDFS|Hive|URL|Azure\\w*|Iceberg\\w*|DeltaLake\\w*|Hudi|Paimon\\w*|" +
        "YTsaurus|Arrow(?:Flight|Stream)|Executable(?:Pool)?|Remote\\w*|QueryRunner)$",
      "i",
    ),
    rows: "elsewhere",
    reachesOut: true,
  },
];

/** Settings of MergeTree that cannot be changed on an existing table (code 472). */
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

/** `ReplacingMergeTree(v)` is `ReplacingMergeTree`; MergeTree, the default, where none is written. */
export function engineName(engine: string | undefined): string {
  // SHOW CREATE prints `Null` in backticks.
  return /^\s*`?(\w+)/.exec(engine ?? "MergeTree")?.[1] ?? "MergeTree";
}

/** The name without `Replicated` and `Shared`. */
export function baseEngine(engine: string | undefined): string {
  return engineName(engine).replace(/^(?:Replicated|Shared)(?=\w*MergeTree$)/, "");
}

/** What ALTER TABLE it takes. */
export function abilityOf(engine: string | undefined): Ability {
  return traitsOf(engine)?.ability ?? "comments";
}

/** Whether DROP TABLE takes rows along. */
export function holdsRows(engine: string | undefined): boolean {
  return (traitsOf(engine)?.rows ?? "own") === "own";
}

/** Whether it keeps nothing itself: with one view behind it, a refusal there refuses the whole insert. */
export function passesOn(engine: string): boolean {
  return traitsOf(engine)?.rows === "passed on";
}

/** Whether it opens connections or files of others: some as soon as they are created, others when a view reads them. */
export function opensOthers(engine: string | undefined): boolean {
  return traitsOf(engine)?.reachesOut ?? false;
}

/** Whether it keeps its rows in parts, with merges. */
export function isMergeTreeFamily(engine: string | undefined): boolean {
  return engineName(engine).endsWith("MergeTree");
}

/** Whether its tables take constraints, with which inserts are refused for a moment. */
export function takesConstraints(engine: string): boolean {
  return isMergeTreeFamily(engine);
}

/** Whether its merges depend on the sorting key: rows of equal keys become one. */
export function mergesByKey(engine: string | undefined): boolean {
  return /^(?:Replacing|Summing|Aggregating|Collapsing|VersionedCollapsing|Coalescing|Graphite)MergeTree$/.test(
    baseEngine(engine),
  );
}

/** Whether Keeper or a cloud has a say: of a table's engine or a database's. */
export function isReplicated(engine: string | undefined): boolean {
  return /^(?:Replicated|Shared)/.test(engineName(engine));
}

export function isImmutableSetting(name: string): boolean {
  return IMMUTABLE_SETTINGS.has(name);
}

function traitsOf(engine: string | undefined): Traits | undefined {
  const name = engineName(engine);
  return ENGINES.find(({ names }) => names.test(name));
}
