import type { RunnerHooks } from "../../operation/runner";
import type { ObjectKind } from "../../sql/spec";
import type { Renamed } from "./names";

/** What a caller may pass to a rename or its resumption. */
export interface RenameHooks extends RunnerHooks {
  /**
   * Called with `true` when inserts begin to be refused, and with `false` when they are accepted again. Not called if no incremental view
   * is affected.
   */
  readonly onGate?: (closed: boolean) => void;
}

/** What to rename. */
export interface RenameOptions extends RenameHooks {
  readonly object: ObjectKind;
  /** Current name: with `name`, unless it is a database. */
  readonly from: Renamed;
  /** New name. Another database moves the object; that database must exist. */
  readonly to: Renamed;
  /** Names this operation: 1 to 40 letters, digits and underscores. The same name resumes it. */
  readonly operation: string;
  /** `unproven`: continue where this was never measured (replicated engines, sources that cannot refuse inserts). */
  readonly allow?: readonly string[];
}

/** How a rename ended. */
export interface RenameResult {
  readonly operation: string;
  /** Objects whose definition has changed, quoted and qualified, by their current names. */
  readonly repointed: readonly string[];
  /** Whether inserts were refused for a moment, because incremental views are affected. */
  readonly gated: boolean;
}

/** An unfinished rename. */
export interface RenameOperation {
  readonly operation: string;
  /** Database whose journal currently has it. */
  readonly database: string;
  readonly object: ObjectKind;
  /** Quoted names. */
  readonly from: string;
  readonly to: string;
  /** Whether the object has its new name. */
  readonly renamed: boolean;
  /** When it began, in milliseconds since 1970, by the server's clock. */
  readonly startedAt: number;
  /** False when everything is re-pointed and inserts are accepted again. */
  readonly canAbort: boolean;
  /** An abort was begun; only that can be resumed. */
  readonly aborting: boolean;
}
