/** The report of `clickhouse-schema status`; the same in `--json`. Names are `database.name`, times ISO 8601 in UTC. */
export interface ServerStatus {
  /** URL of the server, without credentials. */
  readonly url: string;
  /** The engine's version. */
  readonly version: string;
  /** When the status was read. */
  readonly at: string;
  /** Compressed bytes of all tables on this server (active parts). */
  readonly bytes: number;
  /** The server's disks together, in bytes; absent where they could not be read. */
  readonly disk?: { readonly free: number; readonly total: number };
  /** Sorted by name. */
  readonly views: readonly ViewStatus[];
  /** What could not be read, and why. */
  readonly notes: readonly string[];
}

/** One materialized view. */
export interface ViewStatus {
  readonly view: string;
  readonly kind: "incremental" | "refreshable";
  /** What it reads. Inserts into the first one trigger an incremental view; a refreshable one reads all of them on its schedule. */
  readonly sources: readonly SourceStatus[];
  /** Where it writes. Without `TO`, the view itself: its rows are in an inner table. */
  readonly target: string;
  /** Other views that write to the same target: figures about the target include their rows. */
  readonly sharedWith: readonly string[];
  /** Rows of the target; absent where its engine does not count them. */
  readonly rows?: number;
  /** Compressed, in bytes. */
  readonly bytes?: number;
  readonly uncompressedBytes?: number;
  /** Uncompressed size of the columns divided by their compressed size; {@link bytes} includes indexes and marks as well. */
  readonly compression?: number;
  /** Active parts of the target. */
  readonly parts?: number;
  /** Share of {@link ServerStatus.bytes}, from 0 to 1. */
  readonly share?: number;
  /**
   * Rows of the sources of all views of this target, divided by the target's rows: both as currently stored, so a source with a shorter TTL
   * makes it smaller.
   */
  readonly reduction?: number;
  readonly buckets: Buckets | Unknown;
  readonly lag: Lag | Unknown;
  /** TTL of the target, as declared on its table. */
  readonly ttl?: string;
  /** Only for a refreshable view. */
  readonly refresh?: RefreshStatus;
  /** The newest failure that the server still remembers. */
  readonly lastError?: { readonly at?: string; readonly message: string; readonly recovered: boolean };
  /** What is clearly wrong, with the next step. */
  readonly problems: readonly string[];
}

/** A table that a view reads. */
export interface SourceStatus {
  readonly name: string;
  readonly rows?: number;
  readonly bytes?: number;
  /** Its times, from the column that the bucket is computed from. Absent if it has none, or if finding it would read the table. */
  readonly times?: Buckets;
}

/** Oldest and newest value of a date or time column. */
export interface Buckets {
  readonly column: string;
  readonly oldest: string;
  readonly newest: string;
}

/** How far a target is behind its source. */
export interface Lag {
  /**
   * The bucket to which the source's newest row belongs, minus the newest bucket in the target: 0 when the newest row has arrived. A view
   * with a WHERE may be behind without being faulty.
   */
  readonly seconds: number;
  /** False if the bucket of the newest row could not be computed: then it is the source's newest time minus the newest bucket. */
  readonly exact: boolean;
}

/** A value that is unknown. */
export interface Unknown {
  /** Why, in a few words. */
  readonly unknown: string;
}

/** The schedule of a refreshable view, and its last and next runs. */
export interface RefreshStatus {
  /** As declared, e.g. `EVERY 10 MINUTE APPEND`. */
  readonly schedule: string;
  /** As in `system.view_refreshes`, e.g. `Scheduled`; absent where that cannot be read. */
  readonly status?: string;
  /** The last refresh, and the last one that succeeded, since the server started. */
  readonly last?: string;
  readonly lastSuccess?: string;
  readonly next?: string;
}

/** Whether this is a reason instead of a value. */
export function isUnknown(value: object): value is Unknown {
  return "unknown" in value;
}
