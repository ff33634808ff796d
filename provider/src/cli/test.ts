import { Command, InvalidArgumentError, Option } from "commander";
import { RANDOM_CHOICES, type RandomChoice, runSuite, type SuiteResult } from "../testing/suite";
import { renderSuite } from "../testing/text";
import type { Output } from "./canonicalize";
import { hasColor } from "./color";
import { EXIT } from "./exit";
import { tellFailure } from "./failure";
import { readCount } from "./values";

/** Options of {@link testViews}. */
export interface TestOptions {
  readonly program?: string;
  readonly stack?: string;
  readonly config?: Readonly<Record<string, string>>;
  readonly grep?: string;
  readonly random?: RandomChoice;
  readonly seed?: number;
  readonly rows?: number;
  readonly json?: boolean;
}

/** `clickhouse-schema test [file...]`. */
export function testCommand(output: Output): Command {
  return new Command("test")
    .description(
      "test the views of a program: given rows, expected rows, on an embedded engine; needs no server and no Pulumi CLI",
    )
    .argument("[file...]", "test files, or folders with *.test.yaml, *.test.json (default: the program's folder)")
    .option("--program <path>", "folder or file of the Pulumi program (default: that of the Pulumi.yaml here or above)")
    .option("--stack <name>", "config from Pulumi.NAME.yaml; encrypted values are the word secret")
    .option("--config <key=value>", "a config value; may be repeated", readConfig)
    .option("--grep <text>", "only written tests whose name contains it")
    .addOption(
      new Option(
        "--random <views>",
        "which incremental views get random rows, to be compared with their queries over all",
      )
        .choices(RANDOM_CHOICES)
        .default("untested"),
    )
    .option("--seed <number>", "determines the random rows, inserts and merges", readCount, 1)
    .option("--rows <count>", "random rows for each table", readCount, 300)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExit code: 0 all passed, 1 a test failed, 2 a test or the program could not be run.\n" +
        "Views for which random rows prove nothing are listed as not tested, with the reason; they do not change the exit code.",
    )
    .action(async (files: string[], options: TestOptions) => {
      process.exitCode = await testViews(files, options, output);
    });
}

/**
 * Runs the tests and prints the results.
 *
 * @param files test files or folders; those of the program when empty.
 * @returns the exit code, of {@link EXIT}: `found` when a test failed, `failed` when one could not be run.
 */
export async function testViews(
  files: readonly string[],
  options: TestOptions,
  output: Output,
  stream: Pick<NodeJS.WriteStream, "isTTY"> = process.stdout,
): Promise<number> {
  try {
    const { json, ...suite } = options;
    const result = await runSuite({ ...suite, ...(files.length > 0 && { files }) });
    output.out(json ? `${JSON.stringify(result, undefined, 2)}\n` : renderSuite(result, { color: hasColor(stream) }));
    return exitCode(result);
  } catch (error) {
    return tellFailure(error, options.json, output);
  }
}

function exitCode({ problems, random, tests }: SuiteResult): number {
  const all = [...tests, ...random];
  if (problems.length > 0 || all.some(({ status }) => status === "invalid")) return EXIT.failed;
  return all.some(({ status }) => status === "failed") ? EXIT.found : EXIT.fine;
}

function readConfig(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError(`expected KEY=VALUE; found "${text}".`);
  return { ...before, [key]: value };
}
