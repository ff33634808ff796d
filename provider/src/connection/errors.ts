import { nextStep } from "../clickhouse/next-steps";
import type { ErrorCode } from "../error-codes";
import { messageOf, SchemaError } from "../errors";

/** The engine refused a statement. Distinguish cases by {@link ServerError.code}, never by message. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  /** ClickHouse error code, e.g. 60 for UNKNOWN_TABLE; 0 if the answer has none. */
  readonly code: number;
  /** The refused statement. */
  readonly sql: string;
  /** What to do about it, if known; shown after the server's words. */
  readonly nextStep: string | undefined;

  constructor(message: string, code: number, sql: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.sql = sql;
    this.nextStep = nextStep(code);
  }
}

/** The code of anything that was thrown. */
export function codeOf(error: unknown): ErrorCode {
  if (error instanceof SchemaError) return error.code;
  if (error instanceof ServerError) return "server-refuses";
  if (error instanceof ConnectionError) return "server-unreachable";
  // A file.
  return error instanceof Error && "syscall" in error ? "input-unreadable" : "internal";
}

/** The error of a statement for an object: the object, the server's words, and the next step. Other errors stay as they are. */
export function inOurWords(error: unknown, label: string): unknown {
  return error instanceof ServerError
    ? new SchemaError("server-refuses", `${label}: ${messageOf(error)}`, { cause: error })
    : error;
}

/** The engine cannot be reached, refuses the login, or broke the connection. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  /** The address that was tried: a URL without credentials. */
  readonly url: string;

  constructor(message: string, url: string, options?: ErrorOptions) {
    super(message, options);
    this.url = url;
  }
}

/** A statement timed out. */
export class TimeoutError extends ConnectionError {}
