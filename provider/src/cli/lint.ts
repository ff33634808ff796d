import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { ScratchEngine } from "../canonical/scratch-engine";
import { openScratch } from "../connection/scratch";
import type { Output } from "./canonicalize";
import { hasColor } from "./color";
import { EXIT } from "./exit";
import { tellFailure } from "./failure";
import { findingsOf } from "./lint/collect";
import { type Overrides, readOverrides } from "./lint/file-finding";
import { count, FORMATS, type Format, format } from "./lint/formats";
import { LintSession } from "./lint/session";
import { readSource, type Source, statementsOf } from "./lint/source";

/** Options of {@link lintFiles}. */
export interface LintFilesOptions {
  /** Default: `text`. */
  readonly format?: Format;
  /** Database of names without one. Default: that of the last USE or CREATE DATABASE before the statement, else `default`. */
  readonly database?: string;
  /** `off`, `info`, `warning` or `error` by rule id. */
  readonly rules?: Readonly<Record<string, string>>;
  /** More warnings than this fail the run. Default: any number is fine. */
  readonly maxWarnings?: number;
  /** Whether `text` is coloured. Default: false. */
  readonly colors?: boolean;
}

/** `clickhouse-schema lint FILE…`. */
export function lintCommand(output: Output): Command {
  return new Command("lint")
    .description(
      "find mistakes in SQL statements, including those that ClickHouse accepts silently; needs no server, runs definitions only",
    )
    .argument(
      "<file...>",
      "SQL files, or Markdown with ```sql blocks, whose statements may be in any order; - for standard input",
    )
    .addOption(new Option("--format <format>", "what to write").choices(FORMATS).default("text"))
    .addOption(new Option("--json", "print JSON; as --format json").conflicts("format"))
    .option("--database <name>", "database of names without one (a USE in a file wins)")
    .option("--rule <id=severity>", "off, info, warning or error for a rule; may be repeated", collectRule)
    .option("--max-warnings <count>", "fail on more warnings than this", readCount)
    .action(async (files: string[], { rule = {}, json, ...options }: CommandOptions) => {
      const format = json ? "json" : options.format;
      const chosen = { ...options, ...(format && { format }), rules: rule, colors: hasColor(process.stdout) };
      process.exitCode = await lintFiles(files, chosen, output);
    });
}

interface CommandOptions extends Omit<LintFilesOptions, "rules" | "colors"> {
  readonly json?: boolean;
  readonly rule?: Readonly<Record<string, string>>;
}

/**
 * Lints all statements of the files as one schema, and prints the findings. Objects are created on an empty embedded engine, in the order
 * they need; only definitions run there, and what would access a network is not run. Without an engine (chdb is not
 * installed), statements are linted as written, and the output says so.
 *
 * @param files paths; `-` is standard input.
 * @returns the exit code, of {@link EXIT}: `found` when there is an error or there are too many warnings, `failed` when a file or an option cannot be read.
 */
export async function lintFiles(files: readonly string[], options: LintFilesOptions, output: Output): Promise<number> {
  let overrides: Overrides;
  let sources: Source[];
  try {
    overrides = readOverrides(options.rules ?? {});
    sources = [...new Set(files)].map((file) => readSource(file, readFileSync(file === "-" ? 0 : file, "utf8")));
  } catch (error) {
    return tellFailure(error, options.format === "json", output);
  }
  const statements = sources.flatMap((source) => statementsOf(source, options.database));
  const scratch = new ScratchEngine(openScratch, async () => undefined);
  const bench = new LintSession(scratch);
  try {
    await bench.run(statements);
    const findings = findingsOf(sources, bench, overrides);
    const linted = bench.outcomes.length;
    const result = { findings, files: sources.length, statements: linted, skipped: statements.length - linted };
    if (bench.offline !== undefined) output.error(`Statements are linted as they are written: ${bench.offline}\n`);
    output.out(format(result, options.format ?? "text", options.colors ?? false));
    const isTooMany = count(result, "warning") > (options.maxWarnings ?? Number.POSITIVE_INFINITY);
    if (isTooMany) output.error(`More than ${options.maxWarnings} warnings (--max-warnings)\n`);
    return count(result, "error") > 0 || isTooMany ? EXIT.found : EXIT.fine;
  } finally {
    await scratch.close();
  }
}

function collectRule(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [, id, severity] = /^([\w-]+)=(\w+)$/.exec(text) ?? [];
  if (id === undefined || severity === undefined)
    throw new InvalidArgumentError("Expected id=severity, e.g. inner-table=off.");
  return { ...before, [id]: severity };
}

function readCount(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("Expected a number from 0.");
  return Number(text);
}
