import type { CommonArgs, Input, Named, NamedDatabase, SqlArgs } from "./args";
import type { ColumnArgs, StorageArgs } from "./table-args";

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

/** A materialized view in plain SQL. */
export interface MaterializedViewSqlArgs extends SqlArgs, MaterializedViewChangeArgs {}

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
