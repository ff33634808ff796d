import type { Command } from "commander";

/** Exit codes: the same in every command. */
export const EXIT = {
  /** Done, and nothing to report. */
  fine: 0,
  /** Done, and something was found: drift, a difference, a finding, a gate, a view that does not work. */
  found: 1,
  /** Could not be done: a wrong option, a file or a server that cannot be read, a statement that failed. */
  failed: 2,
} as const;

/**
 * Makes wrong options end with {@link EXIT.failed}, in every command of a program.
 *
 * @param onFailure is told why, where the output was to be JSON.
 */
export function failOnUsage(program: Command, onFailure: (message: string) => void): Command {
  for (const command of [program, ...program.commands]) {
    command.exitOverride(({ exitCode, message }) => {
      if (exitCode !== 0 && process.argv.includes("--json")) onFailure(message.replace(/^error: /, ""));
      process.exit(exitCode === 0 ? EXIT.fine : EXIT.failed);
    });
  }
  return program;
}
