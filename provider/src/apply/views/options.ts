import type { RunnerHooks } from "../../operation/runner";
import type { ViewStep } from "../../plan/plan";

/** What a caller may give along with a view step or its resumption. */
export interface ViewHooks extends RunnerHooks {
  /** Told when inserts begin to be refused (`true`) and when they are let through again. */
  readonly onGate?: (closed: boolean) => void;
}

/** How to take a view step. */
export interface ViewStepOptions extends ViewHooks {
  /** Names this operation: letters, digits and underscores; part of the helper objects' names. */
  readonly operation: string;
  /** Seconds to keep the rows of an old inner table, as `<view>__old_<operation>`. Default: a day. It goes when `removeRetired` runs after that. */
  readonly keepOld?: number;
  /**
   * `unproven`: go on where the protocol was never measured (replicated engines, sources whose inserts cannot be refused).
   * `drops-data`: columns of the old inner table that the new one does not have are left behind.
   */
  readonly allow?: readonly string[];
}

/** How a view step ended. */
export interface ViewStepResult {
  readonly operation: string;
  /** Rows that were carried over from the old inner table, and compared by count and hash. */
  readonly rows: number;
  /** Table with the rows of the old inner table as they were at the cut, quoted and qualified; absent when there was none. */
  readonly retired?: string;
  /** When it may go, in seconds since 1970. */
  readonly keepUntil?: number;
}

/**
 * How far a view step is. `replace` is all there is for a view with a target. With an inner table: `cut` (rows begin to go to the new
 * storage too), `carry` (the older rows follow), `swap` (the new view takes the name), `retire`.
 */
export type ViewPhase = "replace" | "cut" | "carry" | "swap" | "retire";

/** A view step that is not finished. */
export interface ViewOperation {
  readonly operation: string;
  readonly database: string;
  /** The view, quoted and qualified. */
  readonly view: string;
  readonly kind: ViewStep["kind"];
  /** CREATE text of the view before and after. */
  readonly from: string;
  readonly to: string;
  readonly phase: ViewPhase;
  /** When it began, in milliseconds since 1970, by the server's clock. */
  readonly startedAt: number;
  /** Whether the old view can still be had back as if nothing had been. */
  readonly canAbort: boolean;
  /** An abort was begun; only that can be gone on with. */
  readonly aborting: boolean;
}
