import type { Capabilities } from "../clickhouse/capabilities";
import type { ObjectName } from "../diff/changes";
import type { MaterializedViewSpec, TableSpec } from "../sql/spec";

/** What a statement can cost or break. `drops-data`, `doubles-rows` and `unproven` need an `allow` of the user. */
export type HazardKind =
  | "metadata-only"
  | "rewrites-parts"
  | "copies-rows"
  | "drops-data"
  | "breaks-reader"
  | "changes-history"
  | "may-fail"
  | "doubles-rows"
  | "unproven";

/** One consequence of a step, and what softens it. */
export interface Hazard {
  readonly kind: HazardKind;
  readonly message: string;
  /** What the rows say of it, added to the message for people: it may differ from one look to the next. */
  readonly found?: string;
  /** What the rows have to be asked before anything runs; then the hazard gives way to what they answer. */
  readonly probe?: Probe;
}

/** A question to the rows as they are before the plan runs. */
export type Probe = ValueProbe | NullProbe | MergeProbe | PastProbe | AbsentProbe;

/** Whether the values of a column can be had as another type. */
export interface ValueProbe {
  readonly kind: "values";
  /** Column as the server calls it before the plan runs. */
  readonly column: string;
  readonly from: string;
  readonly to: string;
  /** What the change does when every value stays what it is. */
  readonly otherwise: HazardKind;
}

/** Whether a column has NULLs that have to become something. */
export interface NullProbe {
  readonly kind: "nulls";
  readonly column: string;
  readonly to: string;
  /** The server fails to fill the type where there are any rows, or cannot read what it makes of NULL: then none may be there. */
  readonly refuses?: "rows" | "nulls";
  /** The type has NULLs of its own, as Variant and Dynamic have: every server puts a default in their place. */
  readonly hasOwnNull?: boolean;
  /** Releases that refuse, the second no longer. Default: all. */
  readonly versions?: readonly [from: string, until: string];
}

/** Whether rows that merges will make one still lie apart. */
export interface MergeProbe {
  readonly kind: "unmerged";
  /** Expressions by which rows become one, e.g. `a, b`. */
  readonly key: string;
  /** The partition key within which they do, e.g. `toDate(d)`; empty for none. Default: that of the table as it is. */
  readonly within?: string;
}

/** Whether rows read another value in parts that are older than the column, which compute it from its default. */
export interface AbsentProbe {
  readonly kind: "absent";
  readonly column: string;
  readonly from: string;
  readonly to: string;
  /** What such rows read afterwards, in the columns as they are and in `reads`; undefined where they cannot tell. */
  readonly value?: string;
  /** Columns that `value` reads as another type, under names of their own. */
  readonly reads?: readonly { readonly name: string; readonly column: string; readonly type: string }[];
  /** How the values can be written down before: by UPDATE, by a merge of all parts, or by storing what was an ALIAS. */
  readonly keep: "update" | "merge" | "store";
}

/** How many rows a TTL that is to be is past now. The hazard stays: others will be. */
export interface PastProbe {
  readonly kind: "past";
  /** E.g. `toDateTime(d + toIntervalDay(3)) <= now()`. */
  readonly condition: string;
}

/** One statement that the engine takes as it is. */
export interface Statement {
  readonly kind: "statement";
  readonly sql: string;
  readonly hazards: readonly Hazard[];
  /** Leaves a mutation behind that has to be waited for. */
  readonly mutation?: boolean;
}

/** A new table is built beside the old one, the rows are copied, and the two exchanged (P1). Covers every other change of the table. */
export interface RebuildStep {
  readonly kind: "rebuild";
  /** As it stands when this step runs: under its new name if it was renamed. */
  readonly from: TableSpec;
  readonly to: TableSpec;
  readonly reasons: readonly string[];
  /** New name → old name of columns that are copied under another name. */
  readonly renamedColumns: Readonly<Record<string, string>>;
  /** Whether there are rows to copy: a Null, Distributed or Kafka table is made anew at once. */
  readonly holdsRows: boolean;
  readonly hazards: readonly Hazard[];
}

/** An object gets another name or database. Views that read or write it have to be re-pointed around it (P4, §0). */
export interface RenameStep {
  readonly kind: "rename";
  readonly object: "database" | "table" | "view" | "materializedView";
  readonly from: ObjectName;
  readonly to: ObjectName;
  readonly sql: string;
  readonly hazards: readonly Hazard[];
}

/** A view that no ALTER can change: its target, its kind or its inner table. */
export interface ViewStep {
  /**
   * `retarget-view`: `TO` another table. `externalise-view`: the inner table's rows go to an explicit target (P2 B).
   * `recreate-view`: everything else (incremental ↔ refreshable, APPEND, another inner table).
   */
  readonly kind: "retarget-view" | "externalise-view" | "recreate-view";
  readonly from: MaterializedViewSpec;
  readonly to: MaterializedViewSpec;
  readonly reasons: readonly string[];
  readonly hazards: readonly Hazard[];
}

export type Step = Statement | RebuildStep | RenameStep | ViewStep;

/** The steps from one spec to the other, in order. */
export interface Plan {
  readonly steps: readonly Step[];
}

/** What a plan may do, and what it needs to know beside the two specs. */
export interface PlanOptions {
  /** Also bring old parts up to date: build indexes, projections and statistics, apply TTL. Default: only new parts have them. */
  readonly materialize?: boolean;
  /** Columns of the target as it will be; then outputs of the view that it lacks are found. */
  readonly targetColumns?: readonly string[];
  /** What the server can do. Default: what the embedded engine can. */
  readonly server?: Capabilities;
  /** The object lives in a Replicated database, or a cloud's. Default: it does not. */
  readonly isReplicated?: boolean;
}
