import type { RunnerHooks } from "../../operation/runner";
import type { ViewStep } from "../../plan/plan";

/** What a caller may pass to a view step or its resumption. */
export interface ViewHooks extends RunnerHooks {
  /** Called with `true` when inserts begin to be refused, and with `false` when they are accepted again. */
  readonly onGate?: (closed: boolean) => void;
}

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

/** An unfinished view step. */
export interface ViewOperation {
  readonly operation: string;
  readonly database: string;
  /** The view, quoted and qualified. */
  readonly view: string;
  readonly kind: ViewStep["kind"];
  /** CREATE statement of the view before and after. */
  readonly from: string;
  readonly to: string;
  readonly phase: ViewPhase;
  /** When it began, in milliseconds since 1970, by the server's clock. */
  readonly startedAt: number;
  /** Whether the old view can still be restored as if nothing had happened. */
  readonly canAbort: boolean;
  /** An abort was begun; only that can be resumed. */
  readonly aborting: boolean;
}
