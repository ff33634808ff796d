import type { Far } from "../../operation/pace";
import type { OperationHooks } from "../../operation/protocol";

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
export interface RebuildHooks extends OperationHooks {
  readonly onProgress?: (progress: RebuildProgress) => void;
  /** Minimum rows to copy at once, into a table of their own. Default: 2 million. */
  readonly chunkRows?: number;
  /**
   * For how long a table whose merges have to be held back is tried again when parts pile up, in milliseconds; between the tries, merges run.
   * Default: ten minutes.
   */
  readonly patience?: number;
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

/** Default number of seconds to keep an old table. */
export const DEFAULT_KEEP = 86_400;
