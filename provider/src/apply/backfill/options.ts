import type { Far } from "../../operation/pace";
import type { RunnerHooks } from "../../operation/runner";

/** How far a backfill is, for people who wait: rows of the sources that are read, and to read. */
export interface BackfillProgress extends Far {
  readonly step: BackfillStep;
}

/**
 * The steps, in order: `cut` (from here on rows come through the view, and all before are in a snapshot), `fill` (the snapshot's rows are
 * computed aside), `check` (of an existing view: whether the sources still have what the target says), `attach` (what was computed goes
 * to the target), `exchange` (of an existing view: the new rows take the place of the old ones), `retire`.
 */
export type BackfillStep = "cut" | "fill" | "check" | "attach" | "exchange" | "retire" | "done";

/** What a caller may give along with a backfill or its resumption. */
export interface BackfillHooks extends RunnerHooks {
  readonly onProgress?: (progress: BackfillProgress) => void;
  /** Told when inserts begin to be refused (`true`) and when they are let through again. */
  readonly onGate?: (closed: boolean) => void;
  /** As in {@link BackfillLimits}; of a resumption, in the place of what was asked for at first. */
  readonly maxMemory?: number;
  readonly maxThreads?: number;
}

/** What is filled and what that may cost; all of it is declared with the view, and kept in the journal. */
export interface BackfillLimits {
  /**
   * Only buckets from this moment on: ISO 8601, UTC unless it says otherwise. Compared with `timeColumn` of the target. Default: all
   * rows the sources have.
   */
  readonly from?: string;
  /** Column of the target that `from` is about. Default: the only Date or DateTime column of its sorting and partition keys. */
  readonly timeColumn?: string;
  /** Rows of a source that are read by one statement; what a crash costs at most. Default: 4 million, or a 250th of the source if that is more. */
  readonly chunk?: number;
  /** Most memory of a statement in bytes; half of it is for groups, which go to disk beyond. Default: 4 GiB. */
  readonly maxMemory?: number;
  /** Threads of a statement. Default: as many as the server gives. */
  readonly maxThreads?: number;
}

/** How to fill a new view. */
export interface BackfillOptions extends BackfillLimits, BackfillHooks {
  /** Names this operation: letters, digits and underscores. Default: a new name. */
  readonly operation?: string;
  /**
   * Column of the source that holds when the server took the row (`DEFAULT` or `MATERIALIZED now64(3)`), never given by clients: then no
   * insert is refused. Default: such a MATERIALIZED column if there is one. `false`: refuse inserts for a moment instead.
   */
  readonly insertTime?: string | false;
  /** `unproven`: go on where the protocol was never measured (replicated engines, sources whose writers cannot be refused). */
  readonly allow?: readonly string[];
  /** The statements hold secrets; then it is refused, for the journal would show them. */
  readonly sensitive?: boolean;
  /** Free disk space asked for, as a multiple of what is estimated. Default: 1.1. */
  readonly spaceFactor?: number;
}

/** How to fill existing views. */
export interface RefillOptions extends BackfillOptions {
  /** Seconds to keep the target's rows as they were, as `<target>__old_<operation>`. Default: a day. */
  readonly keepOld?: number;
}

/** How a backfill ended. */
export interface BackfillResult {
  readonly operation: string;
  /** Rows of the sources that were read. */
  readonly rows: number;
  /** Rows that they made in the target. */
  readonly written: number;
  /** Whether inserts were refused for a moment. */
  readonly gated: boolean;
  /** Table with the target's rows as they were, quoted and qualified; only of an existing view. */
  readonly retired?: string;
  /** When it may go, in seconds since 1970. */
  readonly keepUntil?: number;
}

/** A backfill that is not finished. */
export interface BackfillOperation {
  readonly operation: string;
  readonly database: string;
  /** The views, quoted and qualified. */
  readonly views: readonly string[];
  /** CREATE text of the first view. */
  readonly statement: string;
  readonly mode: "create" | "refill";
  readonly step: BackfillStep;
  readonly rows: number;
  readonly total: number;
  /** When it began, in milliseconds since 1970, by the server's clock. */
  readonly startedAt: number;
  /** Whether the way back is open. */
  readonly canAbort: boolean;
  /** An abort was begun; only that can be gone on with. */
  readonly aborting: boolean;
}

/** Rows of a chunk unless said otherwise. */
export const DEFAULT_CHUNK = 4_000_000;
/** Most memory of a statement unless said otherwise, in bytes. */
export const DEFAULT_MEMORY = 4 * 1024 ** 3;
