import type { MaterializedViewSpec, QualifiedName, TableSpec } from "../sql/spec";

/** A target and everything that writes to it through views. */
export interface Subject {
  /** The table that holds the rows: the one after `TO`, or an inner table. */
  readonly target: QualifiedName;
  /** The name users know it by. */
  readonly shown: QualifiedName;
  /** Undefined where the target does not exist, or is not a table that could be parsed. */
  readonly spec: TableSpec | undefined;
  readonly feeds: readonly Feed[];
}

/** A view with the table whose inserts trigger it. */
export interface Feed {
  readonly view: MaterializedViewSpec;
  /** Undefined where the view reads no table. */
  readonly source: SourceTable | undefined;
}

/** What a view reads, views in between resolved. */
export interface SourceTable extends QualifiedName {
  /** Engine without its arguments. */
  readonly engine: string;
  readonly spec: TableSpec | undefined;
  /** The view that the query reads instead of this table; inserts do not reach a view through another view. */
  readonly through?: QualifiedName;
}
