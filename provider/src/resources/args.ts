import type * as pulumi from "@pulumi/pulumi";

/** A value, or a value that another resource will give. */
export type Input<T> = pulumi.Input<T>;

/** Something that has a name on the server: any resource of this package. */
export interface Named {
  /** Quoted, qualified name for use in SQL, e.g. `metrics.metrics_v1`. */
  readonly qualifiedName: pulumi.Output<string>;
}

/** A database: its resource. */
export interface NamedDatabase {
  /** Name on the server, unquoted. */
  readonly name: pulumi.Output<string>;
}

/** One column of a table. */
export interface ColumnArgs {
  /** Column name, unquoted. */
  name: Input<string>;
  /** ClickHouse type, e.g. `LowCardinality(String)`. */
  type: Input<string>;
  /** Expression for rows that leave the column out. */
  default?: Input<string>;
  /** Expression computed on every insert; the column cannot be inserted. */
  materialized?: Input<string>;
  /** Expression computed on reading; nothing is stored. */
  alias?: Input<string>;
  /** The column is not stored and only feeds other defaults: `true`, or its default expression. */
  ephemeral?: Input<boolean | string>;
  /** Compression, e.g. `Delta(8), ZSTD(1)`. */
  codec?: Input<string>;
  /** Statistics, e.g. `uniq, tdigest`. */
  statistics?: Input<string>;
  /** When values of this column fall back to their default, e.g. `Timestamp + INTERVAL 7 DAY`. */
  ttl?: Input<string>;
  /**
   * Name that the column had before; its values stay. May be left there: once the column has its new name, nothing happens.
   * Without it the old column is dropped.
   */
  renamedFrom?: Input<string>;
  /** Free text. */
  comment?: Input<string>;
  /** Column settings, e.g. `{ min_compress_block_size: 16777216 }`. */
  settings?: Input<Record<string, Input<string | number | boolean>>>;
}

/** A column without its name: what {@link ColumnsArgs} maps a name to. */
export type ColumnDefinitionArgs = Omit<ColumnArgs, "name">;

/**
 * The columns, in order: a list, or a map from name to type or definition.
 * JavaScript sorts integer-like keys (`"1"`) first, so such names need the list.
 */
export type ColumnsArgs = Input<Input<ColumnArgs>[]> | Input<Record<string, Input<string | ColumnDefinitionArgs>>>;

/** What a column has besides the type that a query gives it. */
export type ColumnClausesArgs = Omit<ColumnDefinitionArgs, "type" | "default" | "materialized" | "alias" | "ephemeral">;

/** A data skipping index. */
export interface IndexArgs {
  /** Index name, unquoted. */
  name: Input<string>;
  /** Indexed expression. */
  expression: Input<string>;
  /** Index type with its arguments, e.g. `bloom_filter(0.01)`. */
  type: Input<string>;
  /** Granules a block of the index covers. Default: 1; the whole part for `vector_similarity`. */
  granularity?: Input<number>;
}

/** A projection. */
export interface ProjectionArgs {
  /** Projection name, unquoted. */
  name: Input<string>;
  /** The query, e.g. `SELECT ServiceName, count() GROUP BY ServiceName`. Give this, or `index` and `type`. */
  query?: Input<string>;
  /** Indexed expression of a projection that is an index. */
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
  /** Condition that every inserted row must meet. Give this or `assume`. */
  check?: Input<string>;
  /** Condition that the optimizer may rely on, unchecked. */
  assume?: Input<string>;
}

/** How rows are laid out; shared by tables and by materialized views with an inner table. */
export interface StorageArgs {
  /** Engine of any family with its arguments, e.g. `ReplacingMergeTree(version)`. Default: `MergeTree`. */
  engine?: Input<string>;
  /** Sorting key: an expression or a list of them, e.g. `["AccountId", "Timestamp"]`; `"tuple()"` or `[]` for none. */
  orderBy?: Input<string | Input<string>[]>;
  /** Primary key, a prefix of the sorting key. Default: the sorting key. */
  primaryKey?: Input<string | Input<string>[]>;
  /** Partition key, e.g. `toYYYYMM(Timestamp)`. Default: one partition. */
  partitionBy?: Input<string | Input<string>[]>;
  /** Sampling expression; must be in the primary key. */
  sampleBy?: Input<string>;
  /** When rows are dropped, moved or rolled up, e.g. `Timestamp + INTERVAL 30 DAY`. Several: a list. Default: never. */
  ttl?: Input<string | Input<string>[]>;
  /** Engine settings, e.g. `{ ttl_only_drop_parts: 1 }`. Default: the server's. */
  settings?: Input<Record<string, Input<string | number | boolean>>>;
  /** Data skipping indexes. Default: none. */
  indexes?: Input<Input<IndexArgs>[]>;
  /** Projections. Default: none. */
  projections?: Input<Input<ProjectionArgs>[]>;
  /** Constraints. Default: none. */
  constraints?: Input<Input<ConstraintArgs>[]>;
}

/** What every resource of this package takes. */
export interface CommonArgs {
  /**
   * What `pulumi destroy` (or removing the resource) may do with rows. `"refuse"`: an object that holds rows is not dropped.
   * `"drop"`: it is dropped with them. Default: `"refuse"`, unless `clickhouse:allowDrop` of the stack's config names it, or is true.
   */
  deletion?: Input<"refuse" | "drop">;
  /**
   * What happens when the object stands on the server and is not in the state. `"equal"`: adopted when it is what is declared, else
   * refused with the difference. `"converge"`: adopted, and brought to the declaration by the changes that the preview shows, with
   * the same care and the same `allow` as any change. Costs nothing afterwards. Default: `"equal"`; `clickhouse:adopt` sets it for
   * the whole stack.
   */
  adopt?: Input<"equal" | "converge">;
  /**
   * Changes that may be made although they lose something (`"drops-data"`), may count rows twice (`"doubles-rows"`), break what reads the object until that changes too
   * (`"breaks-reader"`), or were never proven (`"unproven"`, e.g. a rebuild of a Replicated table). The preview says what would be lost. Default: none; `clickhouse:allow` in the stack's config allows them for
   * the whole stack.
   */
  allow?: Input<Input<Allowed>[]>;
  /**
   * Severity of lint rules for this resource, e.g. `{ "inner-table": "off" }`; the rules are in docs/lint.md. An error fails the
   * preview, a warning is shown on the resource's row. Default: each rule's own; `clickhouse:lint` sets them for the whole stack.
   */
  lint?: Input<Record<string, Input<"off" | "info" | "warning" | "error">>>;
}

/** What only the user may allow; see {@link CommonArgs.allow}. */
export type Allowed = "drops-data" | "doubles-rows" | "breaks-reader" | "unproven";

/** How a table changes. Costs nothing until a change needs it. */
export interface TableChangeArgs {
  /**
   * How a table is made anew when no ALTER can change it (sorting key, partition key, engine …). `"online"`: copied while clients
   * write. `"offline"`: the simple copy, for a table that nobody writes to; it stops when somebody does. Default: `"online"`.
   */
  rebuild?: Input<"online" | "offline">;
  /** How long the old table of a rebuild is kept, e.g. `"24h"`, `"7d"`; it is dropped by a later `up`, which says so. Default: `"24h"`. */
  keepOld?: Input<string>;
  /**
   * Brings parts that are there up to date with a new index, projection, statistics or TTL; rewrites them. Default: false, only new
   * parts have them.
   */
  materialize?: Input<boolean>;
}

/** Arguments of `Database`. */
export interface DatabaseArgs extends CommonArgs {
  /** Name on the server. Default: the resource's name. */
  name?: Input<string>;
  /** Engine, e.g. `Atomic`. Default: the server's. */
  engine?: Input<string>;
  /** Free text. */
  comment?: Input<string>;
}

/** Plain SQL instead of structured arguments: one CREATE statement with a qualified name. */
export interface SqlArgs extends CommonArgs {
  /** The CREATE statement; its spelling does not matter, its meaning is compared. */
  sql: Input<string>;
}

/** A materialized view in plain SQL. */
export interface MaterializedViewSqlArgs extends SqlArgs, MaterializedViewChangeArgs {}

/** A table in plain SQL. */
export interface TableSqlArgs extends SqlArgs, TableChangeArgs {
  /** New column name → old column name: what `renamedFrom` is in structured arguments. */
  renamedColumns?: Input<Record<string, Input<string>>>;
}

/** Structured arguments of `Table`. */
export interface TableArgs extends CommonArgs, StorageArgs, TableChangeArgs {
  /** Database: its resource (which makes it a dependency) or its name. */
  database: Input<string> | NamedDatabase;
  /** Name on the server. Default: the resource's name. */
  name?: Input<string>;
  /**
   * The columns, in order. Beside `columnsFrom` a map from name to what a column has besides its type. Neither is given for an Alias,
   * which has the columns of its table.
   */
  columns?: ColumnsArgs | Input<Record<string, Input<ColumnClausesArgs>>>;
  /** A query whose result columns become the table's columns; no row is copied. */
  columnsFrom?: Input<string>;
  /** Free text. */
  comment?: Input<string>;
}

/** A column of a view: as of a table, but under no other name before, because a view holds no rows. */
export type ViewColumnArgs = Omit<ColumnArgs, "renamedFrom">;

/** The columns of a view, in order: a list, or a map from name to type or definition. */
export type ViewColumnsArgs =
  | Input<Input<ViewColumnArgs>[]>
  | Input<Record<string, Input<string | Omit<ViewColumnArgs, "name">>>>;

/** Structured arguments of `View`. */
export interface ViewArgs extends CommonArgs {
  /** Database: its resource (which makes it a dependency) or its name. */
  database: Input<string> | NamedDatabase;
  /** Name on the server. Default: the resource's name. */
  name?: Input<string>;
  /**
   * The columns, where they are not simply those of the query: other types, which the engine casts to, comments, or (with an inner
   * table) codecs and the like. Changing them makes a view anew; it holds no rows. Default: names and types of the query's result.
   */
  columns?: ViewColumnsArgs;
  /** The SELECT. Use the `sql` tag to put resources into it. */
  query: Input<string>;
  /** Whose rights the query runs with. Default: the server's. */
  sqlSecurity?: Input<"DEFINER" | "INVOKER" | "NONE">;
  /** The user of `sqlSecurity: "DEFINER"`. */
  definer?: Input<string>;
  /** Free text. */
  comment?: Input<string>;
}

/** How a materialized view is made and changed. Costs nothing until then. */
export interface MaterializedViewChangeArgs {
  /**
   * Fills the target with what the source held before the view was created, each row once, while clients go on writing. `true`, or
   * limits. At preview the rows, bytes and chunks are shown; inserts into the source are refused for a moment (at most 4 s at a time,
   * error 469, to be retried) unless the source says when the server took a row. Only at creation: of a view that stands,
   * `clickhouse-schema backfill` does it. Default: false, the target gets what is inserted from then on.
   */
  backfill?: Input<boolean | BackfillArgs>;
  /** How long the rows of an inner table are kept aside when the view gets other storage, e.g. `"7d"`. Default: `"24h"`. */
  keepOld?: Input<string>;
}

/** What a backfill reads, and what it may cost. */
export interface BackfillArgs {
  /** Only buckets from this moment on: ISO 8601, UTC unless it says otherwise. Default: all rows of the source. */
  from?: Input<string>;
  /** Column of the target that `from` is about. Default: the only Date or DateTime column of its sorting and partition keys. */
  timeColumn?: Input<string>;
  /** Rows that one statement reads, and what is done again after a crash. Default: 4 million, or a 250th of the source if that is more. */
  chunk?: Input<number>;
  /** Most memory of one statement: bytes, or a text such as `"4 GiB"`; half of it is for groups, which go to disk beyond. Default: 4 GiB. */
  maxMemory?: Input<number | string>;
  /** Threads of one statement. Default: as many as the server gives. */
  maxThreads?: Input<number>;
  /**
   * Column of the source in which the server notes when it took a row (`MATERIALIZED now64(3)`); then no insert is refused. Must not
   * be given by clients. Default: such a MATERIALIZED column, if there is one; `false`: refuse inserts for a moment instead.
   */
  insertTime?: Input<string | false>;
}

/** Structured arguments of `MaterializedView`. */
export interface MaterializedViewArgs extends ViewArgs, MaterializedViewChangeArgs {
  /** Target table: its resource (which makes it a dependency) or its qualified name. Give this or `inner`. */
  to?: Input<string> | Named;
  /** Layout of the inner table of a view without target. Prefer `to`: an inner table goes when the view goes. */
  inner?: Input<StorageArgs>;
  /** Makes the view refreshable: its schedule, e.g. `EVERY 10 MINUTE`. Default: the view runs on every insert. */
  refresh?: Input<string>;
  /** A refresh adds to the target instead of replacing its rows. Default: false. */
  append?: Input<boolean>;
}
