import type { OperationHooks } from "../../operation/protocol";
import type { VerifyOptions } from "../types";

/** What a caller may pass to a repair. */
export interface RepairOptions extends Pick<VerifyOptions, "maxMemory" | "maxThreads" | "tolerance">, OperationHooks {
  /** Names this operation; part of the name of its stage. Default: a new name. */
  readonly operation?: string;
  /** `unproven`: continue where repair is untested (replicated engines). */
  readonly allow?: readonly string[];
  /** Called with the number of buckets that are done. */
  readonly onProgress?: (done: number, of: number) => void;
}

/** How a repair ended. */
export interface RepairResult {
  readonly operation: string;
  /** Buckets that were recomputed. */
  readonly repaired: number;
  /** Partitions that were replaced. */
  readonly partitions: number;
  /** Whether inserts were refused for a moment. */
  readonly gated: boolean;
  /** Buckets that were not repaired, and why. */
  readonly refused: readonly { readonly buckets: number; readonly reason: string }[];
}
