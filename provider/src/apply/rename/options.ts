import type { OperationHooks } from "../../operation/protocol";
import type { ObjectKind } from "../../sql/spec";
import type { Renamed } from "./names";

/** What a caller may pass to a rename or its resumption. `onGate` is not called if no incremental view is affected. */
export type RenameHooks = OperationHooks;

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
