import type { QueryParams } from "./connection";

/** The parent's requests to the child with the embedded engine. */
export type HostRequest =
  | { readonly id: number; readonly kind: "open"; readonly open: OpenRequest }
  | { readonly id: number; readonly kind: "run"; readonly sql: string; readonly params?: QueryParams }
  | { readonly id: number; readonly kind: "close" };

/** How the child opens its one data directory. */
export interface OpenRequest {
  readonly path: string;
  /** How many statements may run concurrently. */
  readonly sessions: number;
  /** Statements for each new session. */
  readonly setup: readonly string[];
  /** Whether the directory is removed at exit, however the process exits. */
  readonly temporary: boolean;
}

/** The child's answer: rows as JSONEachRow, or the engine's raw error. */
export type HostReply =
  | { readonly id: number; readonly kind: "done"; readonly text: string }
  | { readonly id: number; readonly kind: "refused"; readonly raw: string; readonly code: number }
  | { readonly id: number; readonly kind: "not-loaded"; readonly missing: boolean; readonly raw: string };
