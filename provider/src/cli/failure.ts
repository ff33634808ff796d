import { codeOf } from "../connection/errors";
import type { ErrorCode } from "../error-codes";
import { messageOf } from "../errors";
import type { Output } from "./canonicalize";
import { EXIT } from "./exit";

/**
 * Says why a command could not do its work: to people on standard error, and with `--json` on standard output as well, as an object
 * that the command's schema knows.
 *
 * @returns the exit code.
 */
export function tellFailure(error: unknown, json: boolean | undefined, output: Output): number {
  output.error(`${messageOf(error)}\n`);
  if (json === true) output.out(failureJson(codeOf(error), messageOf(error)));
  return EXIT.failed;
}

/** One line, so that a stream of results can be read line by line. */
export function failureJson(code: ErrorCode, message: string): string {
  return `${JSON.stringify({ error: { code, message } })}\n`;
}
