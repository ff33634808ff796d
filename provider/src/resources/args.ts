import type * as pulumi from "@pulumi/pulumi";

/** A value, or an output of another resource. */
export type Input<T> = pulumi.Input<T>;

/** Anything with a name on the server: any resource of this package. */
export interface Named {
  /** Quoted, qualified name for use in SQL, e.g. `metrics.metrics_v1`. */
  readonly qualifiedName: pulumi.Output<string>;
}

/** A database resource. */
export interface NamedDatabase {
  /** Name on the server, unquoted. */
  readonly name: pulumi.Output<string>;
}

/** One column of a table. */
export interface ColumnArgs {
  /** Column name, unquoted. To rename the column, change it and set `renamedFrom`. */
  name: Input<string>;
  /**
   * ClickHouse type, e.g. `LowCardinality(String)`. A wider type rewrites the column, or copies the whole table if a key uses it. A
   * type that may not fit every value is tried on the rows first; if some would change, it needs `allow: ["drops-data"]`.
   */
  type: Input<string>;
  /** Expression for inserts that omit the column. Changing it keeps the stored values. */
  default?: Input<string>;
  /** Expression computed on every insert; clients cannot insert into the column. Changing it keeps the stored values. */
  materialized?: Input<string>;
  /** Expression computed on read; nothing is stored. Turning a stored column into an alias needs `allow: ["drops-data"]`. */
  alias?: Input<string>;
  /** Not stored; only other defaults can use it: `true`, or its default expression. On a stored column it needs `allow: ["drops-data"]`. */
  ephemeral?: Input<boolean | string>;
  /** Compression, e.g. `Delta(8), ZSTD(1)`. Default: the server's. After a change, existing parts keep the old codec until they merge. */
  codec?: Input<string>;
  /** Statistics, e.g. `uniq, tdigest`. Default: the server's. Existing parts get new ones with `materialize: true`. */
  statistics?: Input<string>;
  /** When values become the default, e.g. `Timestamp + INTERVAL 7 DAY`. Default: never. A shorter one needs `allow: ["drops-data"]`. */
  ttl?: Input<string>;
  /**
   * The column's previous name; its values are kept. Can be left in place: once the column has its new name, it has no effect.
   * Without it, the old column is dropped, which needs `allow: ["drops-data"]`.
   */
  renamedFrom?: Input<string>;
  /** Free text. */
  comment?: Input<string>;
  /** Column settings, e.g. `{ min_compress_block_size: 16777216 }`. */
  settings?: Input<Record<string, Input<string | number | boolean>>>;
}

/** A column without its name: the values of the map in {@link ColumnsArgs}. */
export type ColumnDefinitionArgs = Omit<ColumnArgs, "name">;

/**
 * The columns, in order: a list, or a map from name to type or definition.
 * JavaScript sorts integer-like keys (`"1"`) first, so such names need the list.
 */
export type ColumnsArgs = Input<Input<ColumnArgs>[]> | Input<Record<string, Input<string | ColumnDefinitionArgs>>>;

/** The attributes of a column whose type comes from a query. */
export type ColumnClausesArgs = Omit<ColumnDefinitionArgs, "type" | "default" | "materialized" | "alias" | "ephemeral">;

/** A data skipping index. */
export interface IndexArgs {
  /** Index name, unquoted. */
  name: Input<string>;
  /** Indexed expression. */
  expression: Input<string>;
  /** Index type with its arguments, e.g. `bloom_filter(0.01)`. */
  type: Input<string>;
  /** Granules per index block. Default: 1; the whole part for `vector_similarity`. */
  granularity?: Input<number>;
}

/** A projection. */
export interface ProjectionArgs {
  /** Projection name, unquoted. */
  name: Input<string>;
  /** The query, e.g. `SELECT ServiceName, count() GROUP BY ServiceName`. Give this, or `index` and `type`. */
  query?: Input<string>;
  /** Indexed expression, for a projection that is an index. */
  index?: Input<string>;
  /** Type of that index, e.g. `basic`. */
  type?: Input<string>;
  /** Settings of the projection's parts, e.g. `{ index_granularity: 512 }`. Default: the table's. */
  settings?: Input<Record<string, Input<string | number | boolean>>>;
}

/** A constraint. */
export interface ConstraintArgs {
  /** Constraint name, unquoted. */
  name: Input<string>;
  /** Condition that every inserted row must meet; existing rows are not checked. Give this or `assume`. */
  check?: Input<string>;
  /** Condition that the optimizer may rely on; never checked. Give this or `check`. */
  assume?: Input<string>;
}

/** How rows are stored, for tables and for materialized views with an inner table. */
export interface StorageArgs {
  /**
   * Engine of any family with its arguments, e.g. `ReplacingMergeTree(version)`. Default: `MergeTree`. Changing it copies the whole table;
   * this needs `allow: ["drops-data"]` if merges would then join rows, and `allow: ["unproven"]` for a Replicated table.
   */
  engine?: Input<string>;
  /**
   * Sorting key: an expression or a list of them, e.g. `["AccountId", "Timestamp"]`; `"tuple()"` or `[]` for none. MergeTree needs this or
   * `primaryKey`. Changing it copies the whole table, unless it only gains new columns, or loses some, after an unchanged `primaryKey`.
   */
  orderBy?: Input<string | Input<string>[]>;
  /** Primary key, a prefix of the sorting key. Default: the sorting key. Changing it copies the whole table. */
  primaryKey?: Input<string | Input<string>[]>;
  /** Partition key, e.g. `toYYYYMM(Timestamp)`. Default: one partition. Changing it copies the whole table. */
  partitionBy?: Input<string | Input<string>[]>;
  /** Sampling expression; must be in the primary key. Default: none. Changing it rewrites nothing. */
  sampleBy?: Input<string>;
  /**
   * When rows are deleted, moved or rolled up, e.g. `Timestamp + INTERVAL 30 DAY`. Several: a list. Default: never. A new or shorter one
   * deletes rows and needs `allow: ["drops-data"]`; a longer one rewrites the columns that it reads.
   */
  ttl?: Input<string | Input<string>[]>;
  /** Engine settings, e.g. `{ ttl_only_drop_parts: 1 }`. Default: the server's. `index_granularity` and the like copy the whole table. */
  settings?: Input<Record<string, Input<string | number | boolean>>>;
  /** Data skipping indexes. Default: none. Existing parts get a new one when they merge, or at once with `materialize: true`. */
  indexes?: Input<Input<IndexArgs>[]>;
  /** Projections. Default: none. Existing parts get a new one with `materialize: true`, and until then do not merge with new ones. */
  projections?: Input<Input<ProjectionArgs>[]>;
  /** Constraints on inserted rows. Default: none. */
  constraints?: Input<Input<ConstraintArgs>[]>;
}

/** Arguments of every resource of this package. */
export interface CommonArgs {
  /**
   * What `pulumi destroy`, or removing the resource, may do with rows. `"refuse"`: an object that holds rows is not dropped.
   * `"drop"`: it is dropped with its rows. Default: `"refuse"`, unless `clickhouse:allowDrop` in the stack's config names it or is true.
   */
  deletion?: Input<"refuse" | "drop">;
  /**
   * What happens if the object exists on the server and is not in the state. `"equal"`: it is adopted if it matches the declaration,
   * otherwise refused with the difference. `"converge"`: it is adopted and changed to match; the preview shows the changes, with the same
   * checks and the same `allow` as for any change. Has no effect afterwards. Default: `"equal"`; `clickhouse:adopt` sets it for the
   * whole stack.
   */
  adopt?: Input<"equal" | "converge">;
  /**
   * Permits changes that lose data (`"drops-data"`), may count rows twice (`"doubles-rows"`), break readers of the object until they
   * change too (`"breaks-reader"`), keep the user of the deployment out (`"locks-out"`), or are untested (`"unproven"`, e.g. a rebuild of a
   * Replicated table). The preview shows what would be lost. Default: none; `clickhouse:allow` in the stack's config permits them for the whole stack.
   */
  allow?: Input<Input<Allowed>[]>;
  /**
   * Severity of lint rules for this resource, e.g. `{ "inner-table": "off" }`; docs/lint.md lists the rules. An error fails the
   * preview; a warning is shown on the resource's row. Default: each rule's own; `clickhouse:lint` sets them for the whole stack.
   */
  lint?: Input<Record<string, Input<"off" | "info" | "warning" | "error">>>;
  /**
   * The stack's cluster (`clickhouse:cluster`), by its name, or `false`: the object is only on the host that `clickhouse:url` reaches. A
   * change creates it where it is missing, and drops it nowhere. Not for users, roles and the like. Default: on all hosts, if the stack has a
   * cluster.
   */
  cluster?: Input<string | false>;
}

/** Changes that need the user's permission; see {@link CommonArgs.allow}. */
export type Allowed = "drops-data" | "doubles-rows" | "breaks-reader" | "locks-out" | "unproven";

/** How a table changes. No effect until a change needs it. */
export interface TableChangeArgs {
  /**
   * How a table is rebuilt when no ALTER can make the change (sorting key, partition key, engine …). `"online"`: copied while clients
   * write. `"offline"`: a plain copy, for a table that nobody writes to; it aborts if somebody does. Default: `"online"`.
   */
  rebuild?: Input<"online" | "offline">;
  /** How long the old table is kept after a rebuild, e.g. `"24h"`, `"7d"`. A later `up` drops it and says so. Default: `"24h"`. */
  keepOld?: Input<string>;
  /**
   * Also applies a new index, projection, statistics or TTL to existing parts at once, which rewrites them. Default: false, only
   * new parts have them.
   */
  materialize?: Input<boolean>;
}

/** Arguments of `Database`. */
export interface DatabaseArgs extends CommonArgs {
  /** Name on the server. Default: the resource's name. Changing it renames the database and updates what refers to it. */
  name?: Input<string>;
  /** Engine, e.g. `Atomic`. Default: the server's. A change of it is refused. */
  engine?: Input<string>;
  /** Free text. */
  comment?: Input<string>;
}

/** Arguments of `SqlFunction`. */
export interface SqlFunctionArgs extends CommonArgs {
  /**
   * Name on the server, which all databases share; case matters. Default: the resource's name. Changing it creates the new function and
   * drops the old one, which is refused while a row policy, another function or a dictionary calls the old one.
   */
  name?: Input<string>;
  /** Names of the parameters, unquoted. They have no types: each call is checked with its own. Default: none. */
  parameters?: Input<Input<string>[]>;
  /**
   * The expression over the parameters, e.g. `bytes / 1048576`; it may call other functions. A change is one statement. It changes the
   * tables and views of this stack that call the function: a view's query, a default, a key with all that costs.
   */
  expression: Input<string>;
}

/** One column of a dictionary. */
export interface DictionaryColumnArgs {
  /** ClickHouse type. A change of it needs the readers to take the new one; each is tried at preview. */
  type: Input<string>;
  /** Value for keys that are missing, as SQL, e.g. `'none'`. Default: the type's. */
  default?: Input<string>;
  /** Expression over the source's columns. Default: the source's column of the same name. */
  expression?: Input<string>;
  /** Whether it holds the key of the parent, for `dictGetHierarchy`. Default: false. */
  hierarchical?: Input<boolean>;
  /** Whether different keys have different values, which GROUP BY can use. Default: false. */
  injective?: Input<boolean>;
  /** Whether it is an ObjectID, for MongoDB. Default: false. */
  isObjectId?: Input<boolean>;
}

/** A table on this server as the source of a dictionary. */
export interface DictionaryTableArgs {
  /** The table: its resource (which makes it a dependency), or `database.name`. */
  table: Input<string> | Named;
  /** Condition on its rows, without WHERE. Default: all rows. */
  where?: Input<string>;
  /** Query whose result tells whether a reload is needed. Default: each reload reads all rows. */
  invalidateQuery?: Input<string>;
}

/** A query on this server as the source of a dictionary. */
export interface DictionaryQueryArgs {
  /** The query, with all columns of the dictionary in its result. */
  query: Input<string>;
  /** Query whose result tells whether a reload is needed. Default: each reload runs the query. */
  invalidateQuery?: Input<string>;
}

/** A column of a dictionary in a list. */
export interface NamedDictionaryColumnArgs extends DictionaryColumnArgs {
  /** Column name, unquoted. */
  name: Input<string>;
}

/** The columns with the bounds of a `RANGE_HASHED()` dictionary's rows. */
export interface DictionaryRangeArgs {
  /** Column with the lower bound, unquoted. */
  min: Input<string>;
  /** Column with the upper bound, unquoted. */
  max: Input<string>;
}

/** Arguments of `Dictionary`. Each change replaces the definition in one statement; it is reloaded at its next use. */
export interface DictionaryArgs extends CommonArgs {
  /** Database: its resource (which makes it a dependency) or its name. Changing it moves the dictionary and updates what refers to it. */
  database: Input<string> | NamedDatabase;
  /** Name on the server. Default: the resource's name. Changing it renames the dictionary and updates what refers to it. */
  name?: Input<string>;
  /**
   * The columns in order, those of the key included: a map from name to type or definition, or a list of definitions with names. One that
   * goes or changes its type is refused while something on the server that reads it would fail; the error names it.
   */
  columns: Input<Record<string, Input<string | DictionaryColumnArgs>>> | Input<Input<NamedDictionaryColumnArgs>[]>;
  /** The key: one column, or several. */
  primaryKey: Input<string | Input<string>[]>;
  /**
   * Where the rows come from: a table, a query, or any source as SQL, e.g. `HTTP(URL 'https://…' FORMAT 'TSV')`. A password or a secret header in
   * it must be given as a Pulumi secret: it is then encrypted in the state and shown nowhere. The server itself shows the values of headers.
   */
  source: Input<string> | DictionaryTableArgs | DictionaryQueryArgs;
  /** How it is kept, e.g. `HASHED()`, `COMPLEX_KEY_CACHE(SIZE_IN_CELLS 100000)`; the engine adds `COMPLEX_KEY_` for a key of several columns. */
  layout: Input<string>;
  /** Seconds between reloads, or the least and the most of them; 0: it is loaded once. Left out only with `DIRECT()`, which loads nothing. */
  lifetime?: Input<number | [number, number]>;
  /** Columns with the bounds of a `RANGE_HASHED()` layout. Default: none. */
  range?: Input<DictionaryRangeArgs>;
  /** Settings for reading the source, e.g. `{ format_csv_allow_single_quotes: 0 }`. Default: the server's. */
  settings?: Input<Record<string, Input<string | number | boolean>>>;
  /** Free text. */
  comment?: Input<string>;
}

/** Plain SQL instead of structured arguments. */
export interface SqlArgs extends CommonArgs {
  /** One CREATE statement with a qualified name; `OR REPLACE` and `ON CLUSTER` are refused. Its meaning is compared, not its spelling. */
  sql: Input<string>;
}

/** A materialized view in plain SQL. */
export interface MaterializedViewSqlArgs extends SqlArgs, MaterializedViewChangeArgs {}

/** A table in plain SQL. */
export interface TableSqlArgs extends SqlArgs, TableChangeArgs {
  /** Map from new to old column name; the same as `renamedFrom` in structured arguments. */
  renamedColumns?: Input<Record<string, Input<string>>>;
}

/** Structured arguments of `Table`. */
export interface TableArgs extends CommonArgs, StorageArgs, TableChangeArgs {
  /** Database: its resource (which makes it a dependency) or its name. Changing it moves the table and updates what refers to it. */
  database: Input<string> | NamedDatabase;
  /** Name on the server. Default: the resource's name. Changing it renames the table and updates what refers to it. */
  name?: Input<string>;
  /**
   * The columns, in order. With `columnsFrom`, a map from name to a column's other attributes. Give neither for an Alias,
   * which has the columns of its table. Adding a column rewrites nothing; dropping one needs `allow: ["drops-data"]`.
   */
  columns?: ColumnsArgs | Input<Record<string, Input<ColumnClausesArgs>>>;
  /** A query whose result columns become the table's columns; no rows are copied. */
  columnsFrom?: Input<string>;
  /** Free text. */
  comment?: Input<string>;
}

/** A column of a view: as for a table, but without `renamedFrom`, because a view holds no rows. */
export type ViewColumnArgs = Omit<ColumnArgs, "renamedFrom">;

/** The columns of a view, in order: a list, or a map from name to type or definition. */
export type ViewColumnsArgs =
  | Input<Input<ViewColumnArgs>[]>
  | Input<Record<string, Input<string | Omit<ViewColumnArgs, "name">>>>;

/** Structured arguments of `View`. */
export interface ViewArgs extends CommonArgs {
  /** Database: its resource (which makes it a dependency) or its name. Changing it moves the view and updates what refers to it. */
  database: Input<string> | NamedDatabase;
  /** Name on the server. Default: the resource's name. Changing it renames the view and updates what refers to it. */
  name?: Input<string>;
  /**
   * The columns, if they differ from those of the query: other types, which the engine casts to, comments, or (with an inner
   * table) codecs and the like. Changing them recreates the view. Default: names and types of the query's result.
   */
  columns?: ViewColumnsArgs;
  /**
   * The SELECT. Use the `sql` tag to refer to resources. A change is one statement; rows that a materialized view has already written
   * stay as they are, unless a refresh replaces them.
   */
  query: Input<string>;
  /** Whose privileges the query runs with. Default: the server's. */
  sqlSecurity?: Input<"DEFINER" | "INVOKER" | "NONE">;
  /** The user for `sqlSecurity: "DEFINER"`. */
  definer?: Input<string>;
  /** Free text. */
  comment?: Input<string>;
}

/** How a materialized view is created and changed. No effect until then. */
export interface MaterializedViewChangeArgs {
  /**
   * Fills the target with what the source held before the view was created, each row once, while clients continue to write. `true`, or
   * limits. The preview shows rows, bytes and chunks. Inserts into the source are refused for a moment (at most 4 s at a time,
   * error 469, clients should retry) unless a column of the source records when the server received a row. At creation only; for an
   * existing view, use `clickhouse-schema backfill`. Default: false, the target gets what is inserted from then on.
   */
  backfill?: Input<boolean | BackfillArgs>;
  /** How long the old rows of an inner table are kept after the view's storage has changed, e.g. `"7d"`. Default: `"24h"`. */
  keepOld?: Input<string>;
}

/** What a backfill reads, and its limits. */
export interface BackfillArgs {
  /** Only buckets from this moment on: ISO 8601, UTC unless an offset is given. Default: all rows of the source. */
  from?: Input<string>;
  /** Column of the target that `from` applies to. Default: the only Date or DateTime column of its sorting and partition keys. */
  timeColumn?: Input<string>;
  /** Rows per statement, which is also what a crash repeats. Default: 4 million, or 1/250 of the source if that is more. */
  chunk?: Input<number>;
  /** Memory limit of one statement: bytes, or a string such as `"4 GiB"`. Aggregation spills to disk beyond half of it. Default: 4 GiB. */
  maxMemory?: Input<number | string>;
  /** Thread limit of one statement. Default: the server's. */
  maxThreads?: Input<number>;
  /**
   * Column of the source in which the server records when it received a row (`MATERIALIZED now64(3)`); no insert is refused then. Clients
   * must not set it. Default: such a MATERIALIZED column, if there is one; `false`: refuse inserts for a moment instead.
   */
  insertTime?: Input<string | false>;
}

/** Structured arguments of `MaterializedView`. */
export interface MaterializedViewArgs extends ViewArgs, MaterializedViewChangeArgs {
  /** Target table: its resource (which makes it a dependency) or its qualified name. Give this or `inner`. A new one gets new rows only. */
  to?: Input<string> | Named;
  /** Storage of the inner table, in place of `to`. Prefer `to`: an inner table is dropped with its view. A change copies its rows. */
  inner?: Input<StorageArgs>;
  /**
   * Makes the view refreshable: its schedule, e.g. `EVERY 10 MINUTE`. Default: the view runs on every insert. Another schedule costs
   * nothing; making an incremental view refreshable needs `allow: ["drops-data"]`, because a refresh replaces all rows of the target.
   */
  refresh?: Input<string>;
  /** A refresh adds to the target instead of replacing its rows. Default: false. Removing it needs `allow: ["drops-data"]`. */
  append?: Input<boolean>;
}
