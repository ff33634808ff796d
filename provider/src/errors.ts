import type { ErrorCode } from "./error-codes";

/** One thing that is wrong. Code distinguishes problems by `code`, never by `message`. */
export interface Problem {
  readonly code: ErrorCode;
  /** For people: where, what was found, what was expected, and the next step. */
  readonly message: string;
}

/** Something the user can fix. */
export class SchemaError extends Error {
  override readonly name: string = "SchemaError";
  readonly code: ErrorCode;
  /** Everything found; `message` joins their messages. */
  readonly problems: readonly Problem[];

  /** @param code of the error, and of each problem that has none of its own. */
  constructor(code: ErrorCode, problems: string | readonly (string | Problem)[], options?: ErrorOptions) {
    const list = typeof problems === "string" ? [problems] : problems;
    const found = list.map((one) => (typeof one === "string" ? { code, message: one } : one));
    super(found.map(({ message }) => message).join("\n"), options);
    this.code = code;
    this.problems = found;
  }
}

/** @throws {SchemaError} with all problems under one heading, if there are any. */
export function refuseFor(heading: string, problems: readonly Problem[]): void {
  const [first] = problems;
  if (first === undefined) return;
  throw new SchemaError(first.code, `${heading}:\n${problems.map(({ message }) => message).join("\n")}`);
}

/** The same error in other words. */
export function reworded(error: SchemaError, words: (message: string) => string, options?: ErrorOptions): SchemaError {
  const problems = error.problems.map(({ code, message }) => ({ code, message: words(message) }));
  return new SchemaError(error.code, problems, options);
}

/** The message of anything that was thrown, with the next step of an error that has one. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, nextStep } = error as Error & { readonly nextStep?: string };
  return nextStep === undefined ? message : `${message} ${nextStep}`;
}
