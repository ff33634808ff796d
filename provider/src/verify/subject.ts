import type { MaterializedViewSpec, QualifiedName, TableSpec } from "../sql/spec";

/** A target and everything that writes to it through views. */
export interface Subject {
  /** The table that holds the rows: what `TO` names, or an inner table. */
  readonly target: QualifiedName;
  /** What users call it. */
  readonly shown: QualifiedName;
  /** Undefined where the target is not there, or is no table that could be read. */
  readonly spec: TableSpec | undefined;
  readonly feeds: readonly Feed[];
}

/** A view with the table whose inserts it sees. */
export interface Feed {
  readonly view: MaterializedViewSpec;
  /** Undefined where the view reads no table. */
  readonly source: SourceTable | undefined;
}

/** What a view reads, with views in between looked through. */
export interface SourceTable extends QualifiedName {
  /** Engine with its arguments left out. */
  readonly engine: string;
  readonly spec: TableSpec | undefined;
  /** The view's name that stands for it in the query; no insert reaches a view by that. */
  readonly through?: QualifiedName;
}
