import { execFile } from "node:child_process";
import { SchemaError } from "../errors";

/** Longest time for a download or its unpacking, in milliseconds. */
const LIMIT = 900_000;
/** Lines of output that are shown on failure. */
const LINES = 12;

/** A program that fetches something. */
export interface Tool {
  readonly program: string;
  /** What to say if it, or a part of it, is not installed. */
  readonly needs: string;
  /** Output that means that a part of it is not installed. */
  readonly missing?: RegExp;
}

/** Runs a program to its end. Rejects with the last lines of its output if that is a failure, or after 15 minutes. */
export function runTool({ program, needs, missing }: Tool, args: readonly string[], cwd?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: LIMIT, killSignal: "SIGKILL", cwd }, (error, stdout, stderr) => {
      if (error === null) return resolve();
      const output = `${stdout}${stderr}`.trim() || error.message;
      const isMissing = error.code === "ENOENT" || missing?.test(output) === true;
      const ended = error.killed ? "took too long" : `ended with ${error.code}`;
      const shown = output.split("\n").slice(-LINES).join("\n  ");
      const called = [program, ...args.slice(0, 3)].join(" ");
      reject(
        new SchemaError("server-not-started", `${isMissing ? `${needs} ` : ""}\`${called}\` ${ended}:\n  ${shown}`),
      );
    });
  });
}
