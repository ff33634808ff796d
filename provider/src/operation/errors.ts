import { codesOf } from "../clickhouse/error-codes";
import { ServerError } from "../connection/errors";
import { SchemaError } from "../errors";

/** The operation stops where it is and is to be resumed; nothing of it is taken back. */
export class Postponed extends SchemaError {}

/** An operation that was to be taken back cannot be any more: the only way is forward. */
export class ForwardOnly extends SchemaError {}

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

/** Whether it fails again when it is tried again: the server refused a statement, or what it found is not as it must be. */
export function isForGood(error: unknown): boolean {
  if (error instanceof ServerError) return !PASSING.has(error.code);
  return error instanceof SchemaError && !(error instanceof Postponed);
}
