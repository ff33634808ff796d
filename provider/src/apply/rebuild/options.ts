import type { Far } from "../../operation/pace";
import type { RunnerHooks } from "../../operation/runner";

/** How far a rebuild is, for people who wait: rows that are copied, and rows to copy, as counted last. */
export interface RebuildProgress extends Far {
  readonly step: RebuildStep;
  /** `offline`: the rows are copied and the tables exchanged, no more; inserts are not refused, and must not come. */
  readonly mode: "online" | "offline";
}

/** The steps of a rebuild, in order. From `barrier` on there is no way back. */
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

/** What a caller may give along with a rebuild or its resumption. */
export interface RebuildHooks extends RunnerHooks {
  readonly onProgress?: (progress: RebuildProgress) => void;
  /** Least rows to copy at once, in a table of their own. Default: 2 million. */
  readonly chunkRows?: number;
  /** Told when inserts begin to be refused (`true`) and when they are let through again. */
  readonly onGate?: (closed: boolean) => void;
}

/** What to rebuild, and how. */
export interface RebuildOptions extends RebuildHooks {
  /** Canonical CREATE text of the table as it stands. */
  readonly from: string;
  /** Canonical CREATE text of what it is to be: the same database and name. */
  readonly to: string;
  /** Names this operation: letters, digits and underscores; part of the helper tables' names. */
  readonly operation: string;
  /** Seconds to keep the old table. Default: a day. It goes when `removeRetired` runs after that. */
  readonly keepOld?: number;
  /** `online` (default): nothing that is written meanwhile is lost. `offline`: for a table that nobody writes to; stops when somebody does. */
  readonly mode?: "online" | "offline";
  /** Columns with a new name: old names by new ones. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** `unproven`: go on where the protocol was never measured (replicated engines, views fed by streams). */
  readonly allow?: readonly string[];
  /** Free disk space asked for, as a multiple of the table's own size. Default: 1.1. */
  readonly spaceFactor?: number;
}

/** How a rebuild ended. */
export interface RebuildResult {
  readonly operation: string;
  /** Rows that were copied, and compared by count and hash. */
  readonly rows: number;
  /** The old table, quoted and qualified. */
  readonly retired: string;
  /** When the old table may go, in seconds since 1970. */
  readonly keepUntil: number;
  /** Whether inserts were refused for a moment, because views read the table. */
  readonly gated: boolean;
}

/** An operation that is not finished. */
export interface Operation {
  readonly operation: string;
  readonly database: string;
  /** Table it works on, quoted and qualified. */
  readonly table: string;
  readonly step: RebuildStep;
  readonly rows: number;
  readonly total: number;
  /** When it began, in milliseconds since 1970, by the server's clock. */
  readonly startedAt: number;
  /** False from the exchange of the tables on. */
  readonly canAbort: boolean;
  /** An abort was begun; only that can be gone on with. */
  readonly aborting: boolean;
}

/** Seconds that an old table is kept unless said otherwise. */
export const DEFAULT_KEEP = 86_400;
