import type { RunnerHooks } from "../../operation/runner";
import type { ObjectKind } from "../../sql/spec";
import type { Renamed } from "./names";

/** What a caller may give along with a rename or its resumption. */
export interface RenameHooks extends RunnerHooks {
  /** Told when inserts begin to be refused (`true`) and when they are let through again. Not called where no incremental view is concerned. */
  readonly onGate?: (closed: boolean) => void;
}

/** What to rename. */
export interface RenameOptions extends RenameHooks {
  readonly object: ObjectKind;
  /** Name as it is: with `name`, unless it is a database. */
  readonly from: Renamed;
  /** Name as it is to be. Another database moves the object; it must exist. */
  readonly to: Renamed;
  /** Names this operation: 1 to 40 letters, digits and underscores. The same one again resumes. */
  readonly operation: string;
  /** `unproven`: go on where this was never measured (replicated engines, sources that cannot refuse inserts). */
  readonly allow?: readonly string[];
}

/** How a rename ended. */
export interface RenameResult {
  readonly operation: string;
  /** What has another definition now, quoted and qualified, under its name of now. */
  readonly repointed: readonly string[];
  /** Whether inserts were refused for a moment, because incremental views are concerned. */
  readonly gated: boolean;
}

/** A rename that is not finished. */
export interface RenameOperation {
  readonly operation: string;
  /** Database whose journal knows it now. */
  readonly database: string;
  readonly object: ObjectKind;
  /** Quoted names. */
  readonly from: string;
  readonly to: string;
  /** Whether the object has its new name. */
  readonly renamed: boolean;
  /** When it began, in milliseconds since 1970, by the server's clock. */
  readonly startedAt: number;
  /** False when everything is re-pointed and inserts are let through again. */
  readonly canAbort: boolean;
  /** An abort was begun; only that can be gone on with. */
  readonly aborting: boolean;
}
