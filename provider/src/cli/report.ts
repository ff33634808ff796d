import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { hazardCalled } from "../plan";
import { DEFAULT_MAX, GATES, type Gate, readPreview, readRehearsal, renderReport, SHORTEST, tripped } from "../report";
import type { Output } from "./canonicalize";
import { EXIT } from "./exit";
import { tellFailure } from "./failure";

/** Options of {@link reportFile}. */
export interface ReportFileOptions {
  readonly title?: string;
  /** Output of `rehearse --json`. */
  readonly rehearsal?: string;
  readonly max?: number;
  /** Default: none; the exit code then only says whether there is a report. */
  readonly failOn?: readonly Gate[];
}

/** `clickhouse-schema report [file]`. */
export function reportCommand(output: Output): Command {
  return new Command("report")
    .description("turn `pulumi preview --json` into Markdown for a pull request; needs no server and no credentials")
    .argument("[file]", "output of `pulumi preview --json --show-sames`; standard input without, or for -")
    .option("--title <text>", "heading (default: project and stack)")
    .option("--rehearsal <file>", "output of `clickhouse-schema rehearse --json`, for a section of its own")
    .option(
      "--max <characters>",
      "maximum length of the report; GitHub allows 65,536 characters in a comment",
      readMax,
      DEFAULT_MAX,
    )
    .option("--fail-on <what>", `exit with 1, after the report, on any of: ${GATES.join(", ")}`, readGates)
    .action((file: string | undefined, options: ReportFileOptions) => {
      process.exitCode = reportFile(file, options, output);
    });
}

/**
 * Prints the report of a preview.
 *
 * @returns the exit code, of {@link EXIT}: `found` when `failOn` found something, `failed` when there is no preview to read.
 */
export function reportFile(file: string | undefined, options: ReportFileOptions, output: Output): number {
  try {
    const preview = readPreview(readFileSync(file === undefined || file === "-" ? 0 : file, "utf8"));
    const { rehearsal: saved, ...shown } = options;
    const rehearsal = saved === undefined ? {} : { rehearsal: readRehearsal(readFileSync(saved, "utf8")) };
    output.out(renderReport(preview, { ...shown, ...rehearsal }));
    const found = tripped(preview, options.failOn ?? []);
    for (const one of found) output.error(`${one}\n`);
    return found.length > 0 ? EXIT.found : EXIT.fine;
  } catch (error) {
    return tellFailure(error, false, output);
  }
}

function readMax(text: string): number {
  const max = Number(text);
  if (Number.isInteger(max) && max >= SHORTEST) return max;
  throw new InvalidArgumentError(`expected a whole number of characters from ${SHORTEST}.`);
}

function readGates(text: string): Gate[] {
  return text.split(",").map((word) => {
    const gate = GATES.find((one) => one === (hazardCalled(word.trim()) ?? word.trim()));
    if (gate !== undefined) return gate;
    throw new InvalidArgumentError(`expected some of ${GATES.join(",")}, separated by commas; found "${word.trim()}".`);
  });
}
