/** Facts about table engines, for every stage: where rows are, what ALTER accepts, whether they reach out of the process. */

/**
 * Where inserted rows are.
 * - `own`: in the table; DROP TABLE deletes them, and an unknown engine is taken for one of these.
 * - `passed on`: nowhere; views see them, and the insert ends.
 * - `elsewhere`: in other tables, files, queues or systems, which DROP TABLE leaves alone.
 */
export type Rows = "own" | "passed on" | "elsewhere";

/**
 * What ALTER TABLE an engine accepts: everything, columns and settings, columns, or only comments. Measured on 26.7.
 * Memory also accepts RENAME COLUMN, and silently loses the column's values.
 */
export type Ability = "all" | "memory" | "columns" | "comments";

interface Traits {
  readonly names: RegExp;
  readonly rows: Rows;
  /** Opens external connections or files, when it is created or when it is read. */
  readonly reachesOut: boolean;
  /** `comments` unless given. */
  readonly ability?: Ability;
}

/** The first match counts. */
const ENGINES: readonly Traits[] = [
  { names: /MergeTree$/, rows: "own", reachesOut: false, ability: "all" },
  { names: /^Memory$/, rows: "own", reachesOut: false, ability: "memory" },
  { names: /^Null$/, rows: "passed on", reachesOut: false, ability: "columns" },
  { names: /^MaterializedView$/, rows: "passed on", reachesOut: false },
  { names: /^(?:Merge|Buffer)$/, rows: "elsewhere", reachesOut: false, ability: "columns" },
  { names: /^Distributed$/, rows: "elsewhere", reachesOut: true, ability: "columns" },
  // The data in Keeper is deleted with the last table on its path.
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

/** The engine clause as people write it: SHOW CREATE prints `Null` in backticks, because it is a keyword. */
export function plainEngine(engine: string): string {
  return engine.replace(/^`(\w+)`/, "$1");
}

/** `ReplacingMergeTree` for `ReplacingMergeTree(v)`; MergeTree, the default, if there is none. */
export function engineName(engine: string | undefined): string {
  // SHOW CREATE prints `Null` in backticks.
  return /^\s*`?(\w+)/.exec(engine ?? "MergeTree")?.[1] ?? "MergeTree";
}

/** The name without `Replicated` and `Shared`. */
export function baseEngine(engine: string | undefined): string {
  return engineName(engine).replace(/^(?:Replicated|Shared)(?=\w*MergeTree$)/, "");
}

/** What ALTER TABLE it accepts. */
export function abilityOf(engine: string | undefined): Ability {
  return traitsOf(engine)?.ability ?? "comments";
}

/** Whether its rows are blocks in memory, which no ALTER of a column touches. */
export function isInMemory(engine: string | undefined): boolean {
  return abilityOf(engine) === "memory";
}

/** Whether DROP TABLE deletes rows. */
export function holdsRows(engine: string | undefined): boolean {
  return (traitsOf(engine)?.rows ?? "own") === "own";
}

/** Whether it stores nothing itself: with one view on it, a refusal there refuses the whole insert. */
export function passesOn(engine: string): boolean {
  return traitsOf(engine)?.rows === "passed on";
}

/** Whether it opens external connections or files: some engines on creation, others when a view reads them. */
export function opensOthers(engine: string | undefined): boolean {
  return traitsOf(engine)?.reachesOut ?? false;
}

/** Whether it stores its rows in parts, with merges. */
export function isMergeTreeFamily(engine: string | undefined): boolean {
  return engineName(engine).endsWith("MergeTree");
}

/** Whether its tables accept constraints, which are used to refuse inserts for a moment. */
export function takesConstraints(engine: string): boolean {
  return isMergeTreeFamily(engine);
}

/** Whether its merges depend on the sorting key: rows with equal keys are joined. */
export function mergesByKey(engine: string | undefined): boolean {
  return /^(?:Replacing|Summing|Aggregating|Collapsing|VersionedCollapsing|Coalescing|Graphite)MergeTree$/.test(
    baseEngine(engine),
  );
}

/** Whether Keeper or a cloud is involved: for a table's or a database's engine. */
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
