import type { Far } from "../../operation/pace";
import type { OperationHooks } from "../../operation/protocol";

/** Progress of a backfill: rows of the sources that have been read, and that are to be read. */
export interface BackfillProgress extends Far {
  readonly step: BackfillStep;
}

/**
 * The steps, in order: `cut` (from here on rows come through the view, and all earlier ones are in a snapshot), `fill` (the snapshot's rows
 * are computed into a separate table), `check` (of an existing view: whether the sources still cover what the target has), `attach` (the
 * result is moved to the target), `exchange` (of an existing view: the new rows replace the old ones), `retire`.
 */
export type BackfillStep = "cut" | "fill" | "check" | "attach" | "exchange" | "retire" | "done";

/** What a caller may pass to a backfill or its resumption. */
export interface BackfillHooks extends OperationHooks {
  readonly onProgress?: (progress: BackfillProgress) => void;
  /** As in {@link BackfillLimits}; when resuming, replaces the original value. */
  readonly maxMemory?: number;
  readonly maxThreads?: number;
}

/** What is filled and what that may cost; all of it is declared with the view, and stored in the journal. */
export interface BackfillLimits {
  /**
   * Only buckets from this time on: ISO 8601, UTC unless stated otherwise. Compared with `timeColumn` of the target. Default: all rows in
   * the sources.
   */
  readonly from?: string;
  /** Column of the target that `from` applies to. Default: the only Date or DateTime column of its sorting and partition keys. */
  readonly timeColumn?: string;
  /**
   * Rows of a source that one statement reads, which is the most work that a crash can lose. Default: 4 million, or a 250th of the source
   * if that is more.
   */
  readonly chunk?: number;
  /** Memory limit of a statement in bytes; half of it is for groups, which spill to disk beyond that. Default: 4 GiB. */
  readonly maxMemory?: number;
  /** Threads of a statement. Default: the server's setting. */
  readonly maxThreads?: number;
}

/** How to fill a new view. */
export interface BackfillOptions extends BackfillLimits, BackfillHooks {
  /** Names this operation: letters, digits and underscores. Default: a new name. */
  readonly operation?: string;
  /**
   * Column of the source with the time at which the server received the row (`DEFAULT` or `MATERIALIZED now64(3)`), never set by clients:
   * with it no insert is refused. Default: such a MATERIALIZED column if there is one. `false`: refuse inserts for a moment instead.
   */
  readonly insertTime?: string | false;
  /** `unproven`: continue where the protocol was never measured (replicated engines, sources whose writers cannot be refused). */
  readonly allow?: readonly string[];
  /** The statements contain secrets; the backfill is then refused, because the journal would show them. */
  readonly sensitive?: boolean;
  /** Required free disk space, as a multiple of the estimate. Default: 1.1. */
  readonly spaceFactor?: number;
}

/** How to fill existing views. */
export interface RefillOptions extends BackfillOptions {
  /** Seconds to keep the target's old rows, as `<target>__old_<operation>`. Default: a day. */
  readonly keepOld?: number;
}

/** How a backfill ended. */
export interface BackfillResult {
  readonly operation: string;
  /** Rows of the sources that were read. */
  readonly rows: number;
  /** Rows that they produced in the target. */
  readonly written: number;
  /** Whether inserts were refused for a moment. */
  readonly gated: boolean;
  /** Table with the target's old rows, quoted and qualified; only for an existing view. */
  readonly retired?: string;
  /** When it may be dropped, in seconds since 1970. */
  readonly keepUntil?: number;
}

/** Default number of rows in a chunk. */
export const DEFAULT_CHUNK = 4_000_000;
/** Default memory limit of a statement, in bytes. */
export const DEFAULT_MEMORY = 4 * 1024 ** 3;
