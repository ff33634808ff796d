import type { RoleGrant } from "../sql/access/grants";
import type {
  ColumnSpec,
  ConstraintSpec,
  IndexSpec,
  MaterializedViewSpec,
  ProjectionSpec,
  QualifiedName,
  SettingSpec,
} from "../sql/spec";

/**
 * One difference between two canonical specs of the same object, as frozen data. A kind says what differs, not how to change it:
 * that is up to the plan. Columns have their names in `to`; only a dropped one has its old name.
 */
export type Change =
  | SharedChange
  | DatabaseChange
  | TableChange
  | DictionaryChange
  | MaterializedViewChange
  | AccessChange
  | CollectionChange
  | GrantChange;

/** Changes of every kind of object. */
export type SharedChange =
  | { readonly kind: "renamed"; readonly from: ObjectName; readonly to: ObjectName }
  | (Pair<string> & { readonly kind: "comment" })
  | (Pair<string> & { readonly kind: "engine" })
  | { readonly kind: "query"; readonly from: string; readonly to: string }
  | { readonly kind: "security"; readonly from: string; readonly to: string }
  /** The column list of a view, ignoring comments. */
  | { readonly kind: "view-columns"; readonly from: readonly ColumnSpec[]; readonly to: readonly ColumnSpec[] };

export type DatabaseChange = {
  readonly kind: "database-settings";
  readonly from: readonly SettingSpec[];
  readonly to: readonly SettingSpec[];
};

export type TableChange = ColumnChange | ElementChange | StorageChange;

/** A change of one column of a table, or of a column's comment in a view. */
export type ColumnChange =
  | {
      readonly kind: "column-added";
      readonly column: ColumnSpec;
      /** The column before it; absent for the first. */
      readonly after?: string;
    }
  | {
      readonly kind: "column-dropped";
      readonly column: ColumnSpec;
      /** Part of a key, so the table cannot exist without it. */
      readonly inKey: boolean;
      /** A column added in the same step that may be this one under a new name. */
      readonly looksLike?: string;
    }
  | { readonly kind: "column-renamed"; readonly from: string; readonly to: string; readonly inKey: boolean }
  | {
      readonly kind: "column-retyped";
      readonly name: string;
      readonly from: string;
      readonly to: string;
      readonly inKey: boolean;
    }
  | { readonly kind: "column-moved"; readonly name: string; readonly after?: string }
  | (Pair<NonNullable<ColumnSpec["default"]>> & { readonly kind: "column-default"; readonly name: string })
  | ColumnText<"column-codec">
  | ColumnText<"column-ttl">
  | ColumnText<"column-comment">
  | ColumnText<"column-statistics">
  | {
      readonly kind: "column-settings";
      readonly name: string;
      readonly from: readonly SettingSpec[];
      readonly to: readonly SettingSpec[];
    };

/** A column clause that is plain SQL. */
type ColumnText<Kind> = Pair<string> & { readonly kind: Kind; readonly name: string };

/** The elements besides columns in the parentheses. Absent `from`: added; absent `to`: dropped. */
export type ElementChange =
  | (Pair<IndexSpec> & { readonly kind: "index"; readonly after?: string })
  | (Pair<ProjectionSpec> & { readonly kind: "projection"; readonly after?: string })
  | (Pair<ConstraintSpec> & { readonly kind: "constraint" });

export type StorageChange =
  | (Pair<string> & { readonly kind: "ttl" })
  | (Pair<string> & { readonly kind: "sample-by" })
  | (Pair<string> & { readonly kind: "partition-key" })
  /** `extended` by expressions over columns that are new in the same step, `shortened` to a prefix that includes the primary key. */
  | (Pair<string> & { readonly kind: "sorting-key"; readonly how: "extended" | "shortened" | "other" })
  | (Pair<string> & { readonly kind: "primary-key" })
  /** `from` absent: set for the first time; `to` absent: reset to the server's default. */
  | (Pair<string> & { readonly kind: "setting"; readonly name: string })
  /** `AS function(…)` or the targets of a TimeSeries table. */
  | (Pair<string> & { readonly kind: "definition" });

/** A clause of a dictionary; its columns change as those of a table. */
export type DictionaryChange = Pair<string> & { readonly kind: "source" | "lifetime" | "layout" | "range" };

/** A clause of a role, a profile and the like, as text. */
export type AccessChange = {
  readonly kind:
    | "limits"
    | "applies-to"
    | "keyed-by"
    | "intervals"
    | "identification"
    | "hosts"
    | "default-database"
    | "grantees"
    | "using"
    | "restrictive";
  readonly from: string;
  readonly to: string;
};

/** A key of a named collection. */
export type CollectionChange = {
  readonly kind: "collection-key";
  readonly key: string;
  readonly how: "new" | "gone" | "value" | "flag";
};

/** What somebody may do; a change of `default-roles` is text. */
export type GrantChange =
  | { readonly kind: "rights"; readonly gone: readonly string[]; readonly added: readonly string[] }
  | { readonly kind: "roles"; readonly gone: readonly RoleGrant[]; readonly added: readonly RoleGrant[] }
  | { readonly kind: "default-roles"; readonly from: string; readonly to: string };

export type MaterializedViewChange =
  | (Pair<QualifiedName> & { readonly kind: "target" })
  /** Schedule, or with one side absent: incremental ↔ refreshable. */
  | (Pair<string> & { readonly kind: "refresh" })
  /** Columns or storage of the inner table. */
  | { readonly kind: "inner-table"; readonly from: MaterializedViewSpec; readonly to: MaterializedViewSpec };

/** A value before and after; absent if there was or is none. */
export interface Pair<T> {
  readonly from?: T;
  readonly to?: T;
}

/** Name of any object; a database has no second part. */
export interface ObjectName {
  readonly database: string;
  readonly name?: string;
}

/** What is not in the two specs. */
export interface DiffOptions {
  /** New name → old name, for columns to rename. Entries that no longer apply are ignored. */
  readonly renamedColumns?: Readonly<Record<string, string>>;
  /** Names of secrets whose value is new; the two specs do not show it. */
  readonly newSecrets?: readonly string[];
}

/** A {@link Pair} that has no property for an absent side. */
export function pair<T>(from: T | undefined, to: T | undefined): Pair<T> {
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

/** `{ after }`, or nothing for the first one. */
export function position(after: string | undefined): { after?: string } {
  return after === undefined ? {} : { after };
}
