import type { Capabilities } from "../clickhouse/capabilities";
import type { ObjectName } from "../diff/changes";
import type { RightsAndRoles } from "../sql/access/grants";
import type { Holder } from "../sql/access/holder";
import type { Lattice } from "../sql/rights/lattice";
import type { MaterializedViewSpec, ObjectKind, TableSpec } from "../sql/spec";

/** What a statement can cost or break, worst first. `drops-data`, `doubles-rows`, `locks-out` and `unproven` need the user's `allow`. */
export const HAZARD_KINDS = [
  "drops-data",
  "doubles-rows",
  "locks-out",
  "breaks-reader",
  "unproven",
  "widens-access",
  "narrows-access",
  "may-fail",
  "keeps-old-rows",
  "copies-rows",
  "rewrites-parts",
  "metadata-only",
] as const;

export type HazardKind = (typeof HAZARD_KINDS)[number];

/** One consequence of a step. */
export interface Hazard {
  readonly kind: HazardKind;
  readonly message: string;
  /** What a query on the rows has found, added to the message for people: it may differ from one query to the next. */
  readonly found?: string;
  /** The query on the rows was not answered: whether values are lost is not known before `up`. */
  readonly unasked?: true;
  /** The query on the rows to run before anything else; its answer then replaces the hazard. */
  readonly probe?: Probe;
}

/** A query on the rows as they are before the plan runs. */
export type Probe = ValueProbe | NullProbe | MergeProbe | PastProbe | AbsentProbe;

/** Whether the values of a column fit another type. */
export interface ValueProbe {
  readonly kind: "values";
  /** The column's name on the server before the plan runs. */
  readonly column: string;
  readonly from: string;
  readonly to: string;
  /** What the change does if every value stays the same. */
  readonly otherwise: HazardKind;
}

/** Whether a column has NULLs that have to be replaced. */
export interface NullProbe {
  readonly kind: "nulls";
  readonly column: string;
  readonly to: string;
  /** The server fails to fill the type if there are any rows, or cannot read what it turns NULL into: then there must be none. */
  readonly refuses?: "rows" | "nulls";
  /** The type has its own NULLs, like Variant and Dynamic: every server replaces them by a default. */
  readonly hasOwnNull?: boolean;
  /** In a Memory table nothing replaces them: it could not be read. */
  readonly inMemory?: boolean;
  /** Releases that refuse, from the first up to but not including the second. Default: all. */
  readonly versions?: readonly [from: string, until: string];
}

/** Whether there are separate rows that merges will join. */
export interface MergeProbe {
  readonly kind: "unmerged";
  /** Expressions by which rows are joined, e.g. `a, b`. */
  readonly key: string;
  /** The partition key within which they are joined, e.g. `toDate(d)`; empty for none. Default: the current table's. */
  readonly within?: string;
}

/**
 * Whether the value changes for rows in parts that are older than the column, which compute it from its default; or for all rows of a Memory
 * table, which has stored nothing of what was an ALIAS and computes no default.
 */
export interface AbsentProbe {
  readonly kind: "absent";
  readonly column: string;
  readonly from: string;
  readonly to: string;
  /** What such rows read afterwards, as an expression over the current columns and `reads`; undefined if it cannot be expressed. */
  readonly value?: string;
  /** Columns that `value` reads as another type, under separate names. */
  readonly reads?: readonly { readonly name: string; readonly column: string; readonly type: string }[];
  /** How the values can be stored: first by UPDATE, by a merge of all parts, or by storing what was an ALIAS; in a Memory table afterwards. */
  readonly keep: "update" | "merge" | "store" | "afterwards";
  /** For `afterwards`: what computes them. */
  readonly alias?: string;
}

/** How many rows have already expired by a new TTL. The hazard stays: others will expire. */
export interface PastProbe {
  readonly kind: "past";
  /** E.g. `toDateTime(d + toIntervalDay(3)) <= now()`. */
  readonly condition: string;
}

/** One statement, sent to the engine as it is. */
export interface Statement {
  readonly kind: "statement";
  readonly sql: string;
  readonly hazards: readonly Hazard[];
  /** Starts a mutation that has to be waited for. */
  readonly mutation?: boolean;
  /** Inserts are refused for a moment: one that is under way would lose values of renamed columns, or fail in a view for a new type. */
  readonly gated?: boolean;
  /** Drops columns that something may have read. */
  readonly dropsColumn?: boolean;
}

/** A new table is built beside the old one, the rows are copied, and the two exchanged (P1). Includes every other change of the table. */
export interface RebuildStep {
  readonly kind: "rebuild";
  /** The table when this step runs: under its new name if it was renamed. */
  readonly from: TableSpec;
  readonly to: TableSpec;
  readonly reasons: readonly string[];
  /** New name → old name of columns that are copied under another name. */
  readonly renamedColumns: Readonly<Record<string, string>>;
  /** Whether there are rows to copy: a Null, Distributed or Kafka table is recreated at once. */
  readonly holdsRows: boolean;
  readonly hazards: readonly Hazard[];
}

/** An object gets another name or database. Views that read or write it have to be updated as well (P4, §0). */
export interface RenameStep {
  readonly kind: "rename";
  readonly object: ObjectKind;
  readonly from: ObjectName;
  readonly to: ObjectName;
  readonly sql: string;
  readonly hazards: readonly Hazard[];
}

/** A view that no ALTER can change: its target, its kind or its inner table. */
export interface ViewStep {
  /**
   * `retarget-view`: `TO` another table. `externalise-view`: the inner table's rows move to an explicit target (P2 B).
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

/** What somebody has beside one of several grants. */
export interface Beside {
  readonly held: RightsAndRoles;
  readonly others: readonly RightsAndRoles[];
}

/** What a plan may do, and what it needs to know besides the two specs. */
export interface PlanOptions {
  /** Also update old parts: build indexes, projections and statistics, apply TTL. Default: only new parts have them. */
  readonly materialize?: boolean;
  /** Columns that the target will have; if given, outputs of the view that it lacks are found. */
  readonly targetColumns?: readonly string[];
  /** Whether `clickhouse-schema backfill` can compute a view's rows again; if not, it is not advised. Default: true. */
  readonly canRefill?: boolean;
  /** What the server supports. Default: what the embedded engine supports. */
  readonly server?: Capabilities;
  /** The object is in a Replicated database, or a cloud's. Default: it is not. */
  readonly isReplicated?: boolean;
  /** The statements run on all hosts of a cluster. Default: on one server. */
  readonly onCluster?: boolean;
  /** The privileges that the server knows; needed for grants. */
  readonly privileges?: Lattice;
  /** The user of the connection. */
  readonly user?: string;
  /** For grants: the grantee, who has it as a role, and all their roles. Absent if nobody could be asked. */
  readonly holders?: readonly Holder[];
  /** For a grant beside others: all that the grantee has, and what the stack's other grants give it. */
  readonly beside?: Beside;
}
