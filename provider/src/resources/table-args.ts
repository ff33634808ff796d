import type { CommonArgs, Input, NamedDatabase, SqlArgs } from "./args";

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
