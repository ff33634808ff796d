import { nextStep } from "../clickhouse/next-steps";
import { messageOf, SchemaError } from "../errors";

/** The engine refused a statement. Tell cases apart by {@link ServerError.code}, never by text. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  /** ClickHouse error code, e.g. 60 for UNKNOWN_TABLE; 0 where the answer carried none. */
  readonly code: number;
  /** The statement that was refused. */
  readonly sql: string;
  /** What to do about it, where that is known; told behind the server's words. */
  readonly nextStep: string | undefined;

  constructor(message: string, code: number, sql: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.sql = sql;
    this.nextStep = nextStep(code);
  }
}

/** What a statement for an object failed with: the object, the server's words, and the next step. Anything else as it is. */
export function inOurWords(error: unknown, label: string): unknown {
  return error instanceof ServerError ? new SchemaError(`${label}: ${messageOf(error)}`, { cause: error }) : error;
}

/** The engine cannot be reached, does not let us in, or went away in the middle. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  /** Where it was looked for: a URL without credentials. */
  readonly url: string;

  constructor(message: string, url: string, options?: ErrorOptions) {
    super(message, options);
    this.url = url;
  }
}

/** A statement was given up after the longest wait. */
export class TimeoutError extends ConnectionError {}
