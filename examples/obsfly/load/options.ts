import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { type Signal, signals } from "../config";
import type { LoadOptions } from "./load";

/** Where and what to load. */
export interface Command {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly load: LoadOptions;
}

const FOLDER = path.resolve(__dirname, "..");
const DAY = 86_400_000;
/** Rows come up to two days late, and the shortest plan keeps seven days: older ones would expire while they are loaded. */
const MOST_DAYS = 4;

export const HELP = `Streams rows as OpenTelemetry writers would send them into the base tables of the ObsFly stack.

Usage: npm run load -- [options]

  --rows <n>         rows of each signal (default: 250000)
  --days <n>         days that they cover, up to ${MOST_DAYS}, some rows two more (default: 1)
  --until <time>     end of these days, ISO 8601 (default: now)
  --seed <n>         same seed, rows, days and end: same rows (default: 1)
  --signals <list>   some of ${signals.join(",")} (default: all)
  --rate <n>         most rows a second, of all signals together (default: no limit)
  --batch <n>        most rows of one insert (default: 20000)
  --stack <name>     stack whose config names the server (default: dev)
  --url <url>        chdb://PATH or http(s)://HOST:PORT instead (default: CLICKHOUSE_URL, then the stack's)
  --user <name>      user name (default: CLICKHOUSE_USER); the password comes from CLICKHOUSE_PASSWORD

The embedded engine takes one process at a time: while this runs, npm start and clickhouse-schema wait for it.
`;

/** Reads the command line. @returns undefined when help is asked for. @throws {Error} which says what is wrong. */
export function readCommand(args: readonly string[], env: NodeJS.ProcessEnv, now = Date.now()): Command | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", short: "h" },
      rows: { type: "string", default: "250000" },
      days: { type: "string", default: "1" },
      until: { type: "string" },
      seed: { type: "string", default: "1" },
      signals: { type: "string", default: signals.join(",") },
      rate: { type: "string" },
      batch: { type: "string", default: "20000" },
      stack: { type: "string", default: "dev" },
      url: { type: "string" },
      user: { type: "string" },
    },
  });
  if (values.help) return undefined;
  const end = values.until === undefined ? now : Date.parse(values.until);
  if (Number.isNaN(end)) throw new Error(`--until: expected a time as 2026-01-31T12:00:00Z, found "${values.until}"`);
  const days = positive("days", values.days);
  if (days > MOST_DAYS)
    throw new Error(`--days: expected at most ${MOST_DAYS}, found ${days}: older rows would expire`);
  const username = values.user ?? env["CLICKHOUSE_USER"];
  const password = env["CLICKHOUSE_PASSWORD"];
  return {
    url: values.url ?? (env["CLICKHOUSE_URL"] || stackUrl(values.stack)),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    load: {
      seed: whole("seed", values.seed, 0),
      rows: whole("rows", values.rows, 1),
      start: end - days * DAY,
      end,
      batch: whole("batch", values.batch, 1),
      signals: readSignals(values.signals),
      ...(values.rate !== undefined && { rate: positive("rate", values.rate) }),
    },
  };
}

/** The server that a stack's config names; a folder of the embedded engine is meant from the program's folder, as Pulumi does. */
export function stackUrl(stack: string, folder = FOLDER): string {
  const file = path.join(folder, `Pulumi.${stack}.yaml`);
  const text = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  const url = text && /^\s+clickhouse:url:\s*["']?([^\s"'#]+)/m.exec(text)?.[1];
  if (!url)
    throw new Error(
      `${file} ${text === undefined ? "is not there" : "has no clickhouse:url"}. Give --url, or another --stack.`,
    );
  return url.startsWith("chdb://") ? `chdb://${path.resolve(folder, url.slice("chdb://".length))}` : url;
}

function readSignals(text: string): Signal[] {
  return text.split(",").map((word) => {
    const signal = signals.find((one) => one === word.trim());
    if (signal === undefined)
      throw new Error(`--signals: expected some of ${signals.join(",")}, found "${word.trim()}"`);
    return signal;
  });
}

function whole(name: string, text: string, least: number): number {
  const value = Number(text.replaceAll("_", ""));
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`--${name}: expected a whole number from ${least}, found "${text}"`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`--${name}: expected a number above 0, found "${text}"`);
}
