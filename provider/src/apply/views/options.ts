import type { OperationHooks } from "../../operation/protocol";

/** What a caller may pass to a view step or its resumption. */
export type ViewHooks = OperationHooks;

/** How to run a view step. */
export interface ViewStepOptions extends ViewHooks {
  /** Names this operation: letters, digits and underscores; part of the helper objects' names. */
  readonly operation: string;
  /** Seconds to keep the rows of an old inner table, as `<view>__old_<operation>`. Default: a day. A later `removeRetired` drops it. */
  readonly keepOld?: number;
  /**
   * `unproven`: continue where the protocol was never measured (replicated engines, sources whose inserts cannot be refused). `drops-data`:
   * columns of the old inner table that the new one does not have are dropped.
   */
  readonly allow?: readonly string[];
}

/** How a view step ended. */
export interface ViewStepResult {
  readonly operation: string;
  /** Rows that were carried over from the old inner table, and compared by count and hash. */
  readonly rows: number;
  /** Table with the rows of the old inner table at the time of the cut, quoted and qualified; absent when there was none. */
  readonly retired?: string;
  /** When it may be dropped, in seconds since 1970. */
  readonly keepUntil?: number;
}

/**
 * Progress of a view step. A view with a target has only `replace`. With an inner table: `cut` (rows begin to go to the new storage too),
 * `carry` (the older rows follow), `swap` (the new view takes the name), `retire`.
 */
export type ViewPhase = "replace" | "cut" | "carry" | "swap" | "retire";
