import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import { messageOf, SchemaError } from "../errors";
import { readStatus, renderStatusPage, renderStatusTable, type ServerStatus } from "../status";
import type { Output } from "./canonicalize";
import { hasColor } from "./color";
import { connectPlaced, type PlaceOptions, withCluster } from "./connect";
import { type OfShard, oneOfEachShard, shardsAsJson, titleOf } from "./each-shard";
import { EXIT } from "./exit";
import { tellFailure } from "./failure";

/** Seconds between two refreshes of `--watch`. */
const WATCH_SECONDS = 2;
/** Moves the cursor home and wipes what is below: less flicker than wiping first. */
const HOME = "\x1b[H\x1b[J";

/** Options of {@link status}. */
export interface StatusCommandOptions extends PlaceOptions {
  readonly database?: readonly string[];
  readonly scan?: boolean;
  readonly json?: boolean;
  /** File that gets the page; `-` for standard output. */
  readonly html?: string;
  /** Seconds; `true` for the default. */
  readonly watch?: number | true;
}

/** How to write to a terminal. */
export interface Terminal {
  readonly color: boolean;
  /** Characters per line. */
  readonly width: number;
  /** Whether earlier output can be overwritten. */
  readonly isLive: boolean;
  /** Ends `--watch`. Default: never; the user interrupts the process. */
  readonly signal?: AbortSignal;
}

/** `clickhouse-schema status`. */
export function statusCommand(output: Output): Command {
  return withCluster(new Command("status"))
    .description("show the health of each materialized view: its target's size, buckets, lag, last error, refresh")
    .option("--database <name...>", "only the views of these databases")
    .option("--scan", "read time columns whose range is not in the metadata; scans the column")
    .option("--json", "print JSON")
    .addOption(new Option("--html <file>", "write a page with charts that needs no network; - for standard output"))
    .addOption(
      new Option("--watch [seconds]", `refresh every N seconds (default: ${WATCH_SECONDS})`)
        .argParser(readSeconds)
        .conflicts(["html"]),
    )
    .addHelpText("after", HELP)
    .action(async (options: StatusCommandOptions) => {
      process.exitCode = await status(options, output);
    });
}

const HELP = `
Reads system tables and the metadata of parts, no rows.

  REDUCED  source rows per target row
  DISK     part of the bytes of all tables
  LAG      the bucket of the source's newest row less the newest bucket there is;
           ~ where that bucket could not be worked out

Exit code: 0 all views work, 1 a view does not work, 2 it could not be read.`;

/**
 * Shows the health of the views, once or repeatedly.
 *
 * @returns the exit code, of {@link EXIT}: `found` when a view has a problem.
 */
export async function status(
  options: StatusCommandOptions,
  output: Output,
  terminal: Terminal = terminalOf(process.stdout),
): Promise<number> {
  try {
    for (;;) {
      const found = await look(options);
      write(found, options, output, terminal);
      if (options.watch === undefined || terminal.signal?.aborted) return exitCode(found);
      await pause(options.watch === true ? WATCH_SECONDS : options.watch, terminal.signal);
      if (terminal.signal?.aborted) return exitCode(found);
    }
  } catch (error) {
    return tellFailure(error, options.json, output);
  }
}

interface Found {
  readonly of: OfShard;
  readonly status: ServerStatus;
}

/** A new connection each time: an open one would lock everyone else out of an embedded database. */
async function look(options: StatusCommandOptions): Promise<Found[]> {
  const connection = await connectPlaced(options);
  try {
    const { database: databases, html, scan = false } = options;
    const shards = await oneOfEachShard(connection);
    if (shards.length > 1 && html !== undefined) throw new SchemaError("option-invalid", ONE_PAGE);
    const found: Found[] = [];
    for (const of of shards)
      found.push({ of, status: await readStatus(of.connection, { scan, ...(databases && { databases }) }) });
    return found;
  } finally {
    await connection.close();
  }
}

const ONE_PAGE =
  "--html: expected one shard, found several, and a page shows one. Write one for each: --url with the address of one of its hosts, and CLICKHOUSE_CLUSTER not set";

function write(found: readonly Found[], options: StatusCommandOptions, output: Output, terminal: Terminal): void {
  const [only] = found;
  if (options.html !== undefined && only !== undefined) writePage(options.html, renderStatusPage(only.status), output);
  if (options.json) {
    const shown = shardsAsJson(found.map(({ of, status }) => ({ of, result: status })));
    // One line per refresh, so that the stream can be read line by line.
    output.out(`${JSON.stringify(shown, undefined, options.watch === undefined ? 2 : 0)}\n`);
  }
  if (options.json || options.html !== undefined) return;
  const home = options.watch !== undefined && terminal.isLive ? HOME : "";
  output.out(home + found.map(({ of, status }) => titleOf(of) + renderStatusTable(status, terminal)).join("\n"));
}

function writePage(file: string, page: string, output: Output): void {
  try {
    if (file === "-") output.out(page);
    else writeFileSync(file, page);
  } catch (error) {
    throw new SchemaError("option-invalid", `--html ${file}: cannot be written (${messageOf(error)})`, {
      cause: error,
    });
  }
}

function exitCode(found: readonly Found[]): number {
  const views = found.flatMap(({ status }) => status.views);
  return views.some(({ lastError, problems }) => problems.length > 0 || lastError?.recovered === false)
    ? EXIT.found
    : EXIT.fine;
}

async function pause(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(seconds * 1000, undefined, { ...(signal && { signal }) }).catch((error: unknown) => {
    if (!signal?.aborted) throw error;
  });
}

function readSeconds(text: string): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds >= 0.1 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError("expected seconds from 0.1 to 86400.");
}

function terminalOf(stream: NodeJS.WriteStream): Terminal {
  const isLive = stream.isTTY === true;
  return { color: hasColor(stream), width: Math.max(80, stream.columns ?? 100), isLive };
}
