import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import type { Connection } from "../connection/connection";
import { parseSize } from "../declare/size";
import { withoutValues } from "../rehearse/redact";
import { rehearse } from "../rehearse/rehearse";
import { type Rehearsal, verdictOf } from "../rehearse/result";
import { DEFAULT_LIMITS } from "../rehearse/sampling";
import { renderText } from "../rehearse/text";
import { readPreview } from "../report";
import type { Output } from "./canonicalize";
import { type ConnectOptions, connect, withConnection } from "./connect";
import { EXIT } from "./exit";
import { tellFailure } from "./failure";
import { readCount } from "./values";

/** Options of {@link rehearseFile}. */
export interface RehearseCliOptions extends ConnectOptions {
  /** Rows of one table. */
  readonly rows?: number;
  /** Bytes of one table, uncompressed. */
  readonly maxBytes?: number;
  /** Seconds for one table. */
  readonly maxSeconds?: number;
  readonly showValues?: boolean;
  readonly json?: boolean;
}

/** `clickhouse-schema rehearse [file]`. */
export function rehearseCommand(output: Output): Command {
  const command = new Command("rehearse")
    .description(
      "play a saved preview on the embedded engine, with the server's objects and a sample of its rows; writes nothing on the server",
    )
    .argument("[file]", "output of `pulumi preview --json`; standard input without, or for -");
  return withConnection(command)
    .option("--rows <count>", "rows that are read of one table", readCount, DEFAULT_LIMITS.rows)
    .option("--max-bytes <size>", "bytes that are read of one table, e.g. 64MiB", readSize, DEFAULT_LIMITS.bytes)
    .option("--max-seconds <seconds>", "time that is spent on reading one table", readCount, DEFAULT_LIMITS.seconds)
    .option("--show-values", "print values of rows: examples that do not fit, and rows that differ")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (file: string | undefined, options: RehearseCliOptions) => {
      process.exitCode = await rehearseFile(file, options, output);
    });
}

const HELP = `
The user needs SELECT on the tables that the preview concerns, and nothing else. Without --show-values
no value of a row is printed.

Exit code: 0 all is fine; 1 a statement fails, values do not fit, an insert is refused, or a reader that
the preview does not change fails or returns something else; 2 it could not be rehearsed as a whole.`;

/**
 * Rehearses a preview and prints what was found.
 *
 * @returns the exit code, of {@link EXIT}: `found` when something would go wrong, `failed` when a part could not be rehearsed and nothing
 * else was found.
 */
export async function rehearseFile(
  file: string | undefined,
  options: RehearseCliOptions,
  output: Output,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  let server: Connection | undefined;
  try {
    const preview = readPreview(readFileSync(file === undefined || file === "-" ? 0 : file, "utf8"));
    server = await connect(options, environment);
    const { maxBytes: bytes = DEFAULT_LIMITS.bytes, maxSeconds: seconds = DEFAULT_LIMITS.seconds } = options;
    const limits = { rows: options.rows ?? DEFAULT_LIMITS.rows, bytes, seconds };
    const found = await rehearse(server, preview, { limits, tell: (line) => output.error(`${line}\n`) });
    const shown = options.showValues ? found : withoutValues(found);
    output.out(options.json ? renderJson(shown) : renderText(shown));
    return { fine: EXIT.fine, found: EXIT.found, incomplete: EXIT.failed }[verdictOf(found)];
  } catch (error) {
    return tellFailure(error, options.json, output);
  } finally {
    await server?.close();
  }
}

function renderJson(rehearsal: Rehearsal): string {
  return `${JSON.stringify({ verdict: verdictOf(rehearsal), ...rehearsal }, undefined, 2)}\n`;
}

function readSize(text: string): number {
  const size = parseSize(text);
  if (size !== undefined) return size;
  throw new InvalidArgumentError(`expected bytes, or a size with a unit such as 64MiB; found "${text}".`);
}
