import { codesOf } from "../clickhouse/error-codes";
import { ServerError } from "../connection/errors";
import { SchemaError } from "../errors";

/** The end of refusals of what was not tested. */
export const HOW_TO_ALLOW = 'To proceed anyway, set allow: ["unproven"].';

/** The operation stops where it is and can be resumed; nothing is rolled back. */
export class Postponed extends SchemaError {
  constructor(
    message: string,
    options?: ErrorOptions,
    code: "operation-postponed" | "operation-taken-over" = "operation-postponed",
  ) {
    super(code, message, options);
  }
}

/** An operation that should have been rolled back no longer can be: it can only be resumed. */
export class ForwardOnly extends SchemaError {
  constructor(message: string) {
    super("operation-forward-only", message);
  }
}

/** Errors of a server that is busy, short of memory or shutting down: the same statement may succeed later. */
const PASSING = codesOf(
  "TIMEOUT_EXCEEDED",
  "TOO_MANY_SIMULTANEOUS_QUERIES",
  "SOCKET_TIMEOUT",
  "NETWORK_ERROR",
  "ABORTED",
  "MEMORY_LIMIT_EXCEEDED",
  "TABLE_IS_READ_ONLY",
  "TOO_MANY_PARTS",
  "QUERY_WAS_CANCELLED",
  "CANNOT_SCHEDULE_TASK",
  "DEADLOCK_AVOIDED",
  "KEEPER_EXCEPTION",
  "SERVER_OVERLOADED",
);

/** Whether a retry would fail again: the server rejected a statement, or what was found is not as it must be. */
export function isForGood(error: unknown): boolean {
  if (error instanceof ServerError) return !PASSING.has(error.code);
  return error instanceof SchemaError && !(error instanceof Postponed);
}
