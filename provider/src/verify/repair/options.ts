import type { RunnerHooks } from "../../operation/runner";
import type { VerifyOptions } from "../types";

/** What a caller may give along with a repair. */
export interface RepairOptions extends Pick<VerifyOptions, "maxMemory" | "tolerance">, RunnerHooks {
  /** Names this operation; part of its stage's name. Default: a new one. */
  readonly operation?: string;
  /** `unproven`: go on where the protocol was never measured (replicated engines). */
  readonly allow?: readonly string[];
  /** Told when inserts begin to be refused (`true`) and when they are let through again. */
  readonly onGate?: (closed: boolean) => void;
  /** Told how many of the buckets are done. */
  readonly onProgress?: (done: number, of: number) => void;
}

/** How a repair ended. */
export interface RepairResult {
  readonly operation: string;
  /** Buckets that were computed anew. */
  readonly repaired: number;
  /** Partitions that were replaced. */
  readonly partitions: number;
  /** Whether inserts were refused for a moment. */
  readonly gated: boolean;
  /** Buckets that were not, and why. */
  readonly refused: readonly { readonly buckets: number; readonly reason: string }[];
}

/** A repair that was cut off: it has left a stage behind, or a gate that has opened by itself. */
export interface RepairOperation {
  readonly operation: string;
  readonly database: string;
  /** Key of the table it works on. */
  readonly key: string;
  /** When it began, in milliseconds since 1970, by the server's clock. */
  readonly startedAt: number;
}
