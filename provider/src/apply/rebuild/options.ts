import type { Far } from "../../operation/pace";
import type { RunnerHooks } from "../../operation/runner";

/** Progress of a rebuild: rows that have been copied, and rows to copy as last counted. */
export interface RebuildProgress extends Far {
  readonly step: RebuildStep;
  /** `offline`: only copies the rows and exchanges the tables; inserts are not refused, and must not happen. */
  readonly mode: "online" | "offline";
}

/** The steps of a rebuild, in order. From `barrier` on it can no longer be aborted. */
export type RebuildStep =
  | "prepare"
  | "copy"
  | "catch-up"
  | "exchange"
  | "barrier"
  | "delta"
  | "verify"
  | "retire"
  | "done";

/** What a caller may pass to a rebuild or its resumption. */
export interface RebuildHooks extends RunnerHooks {
  readonly onProgress?: (progress: RebuildProgress) => void;
  /** Minimum rows to copy at once, into a table of their own. Default: 2 million. */
  readonly chunkRows?: number;
  /** Called with `true` when inserts begin to be refused, and with `false` when they are accepted again. */
  readonly onGate?: (closed: boolean) => void;
}

/** What to rebuild, and how. */
export interface RebuildOptions extends RebuildHooks {
  /** Canonical CREATE statement of the current table. */
  readonly from: string;
  /** Canonical CREATE statement of the new table: the same database and name. */
  readonly to: string;
  /** Names this operation: letters, digits and underscores; part of the helper tables' names. */
  readonly operation: string;
  /** Seconds to keep the old table. Default: a day. A later `removeRetired` drops it. */
  readonly keepOld?: number;
  /**
   * `online` (default): nothing that is written during the rebuild is lost. `offline`: for a table that nobody writes to; stops when
   * somebody does.
   */
  readonly mode?: "online" | "offline";
  /** Renamed columns: old names by new ones. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** `unproven`: continue where the protocol was never measured (replicated engines, views fed by streams). */
  readonly allow?: readonly string[];
  /** Required free disk space, as a multiple of the table's own size. Default: 1.1. */
  readonly spaceFactor?: number;
}

/** How a rebuild ended. */
export interface RebuildResult {
  readonly operation: string;
  /** Rows that were copied, and compared by count and hash. */
  readonly rows: number;
  /** The old table, quoted and qualified. */
  readonly retired: string;
  /** When the old table may be dropped, in seconds since 1970. */
  readonly keepUntil: number;
  /** Whether inserts were refused for a moment, because views read the table. */
  readonly gated: boolean;
}

/** An unfinished operation. */
export interface Operation {
  readonly operation: string;
  readonly database: string;
  /** Table that it rebuilds, quoted and qualified. */
  readonly table: string;
  readonly step: RebuildStep;
  readonly rows: number;
  readonly total: number;
  /** When it began, in milliseconds since 1970, by the server's clock. */
  readonly startedAt: number;
  /** False once the tables have been exchanged. */
  readonly canAbort: boolean;
  /** An abort was begun; only that can be resumed. */
  readonly aborting: boolean;
}

/** Default number of seconds to keep an old table. */
export const DEFAULT_KEEP = 86_400;
