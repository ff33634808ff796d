import { copyObsfly } from "../test/support/obsfly";
import { sleep, startServer } from "../test/support/server";
import { ask } from "./server";

/** A server of its own with the ObsFly stack, deployed as `pulumi up` does. */
export interface ObsflyServer {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startObsfly(log: (line: string) => void): Promise<ObsflyServer> {
  const server = await startServer();
  try {
    log("deploying the ObsFly stack");
    const stack = await copyObsfly({ "clickhouse:url": server.url });
    try {
      await stack.must(["up", "--yes", "--skip-preview"]);
    } finally {
      stack.remove();
    }
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** What the server logged of a statement. */
export interface Logged {
  /** Rows read, of all tables. */
  readonly rows: number;
  /** Milliseconds, begin to end. */
  readonly time: number;
  /** Milliseconds of processor, all threads together: what else the machine does falls on it less than on the time. */
  readonly cpu: number;
}

/** Runs one statement under an id; its answer is thrown away. @param id is to be given once. */
export async function runAs(url: string, id: string, sql: string): Promise<void> {
  const target = `${url}/?query_id=${id}&wait_end_of_query=1&use_query_condition_cache=0`;
  const response = await fetch(target, { method: "POST", body: sql });
  const text = await response.text();
  if (!response.ok) throw new Error(`${sql.slice(0, 2000)}: ${text}`);
}

/** What the server's log has of statements, in the order of their ids. */
export async function loggedOf(url: string, ids: readonly string[]): Promise<Logged[]> {
  const cpu = "(ProfileEvents['UserTimeMicroseconds'] + ProfileEvents['SystemTimeMicroseconds']) / 1000";
  const [start, end] = ["query_start_time_microseconds", "event_time_microseconds"];
  const time = `(toUnixTimestamp64Micro(${end}) - toUnixTimestamp64Micro(${start})) / 1000`;
  const query =
    `SELECT query_id, read_rows, ${time}, ${cpu} FROM system.query_log ` +
    `WHERE type = 'QueryFinish' AND query_id IN (${ids.map((id) => `'${id}'`).join(", ")}) FORMAT TSV`;
  for (let look = 0; look < 50; look++) {
    // The log is written in the background.
    await ask(url, "SYSTEM FLUSH LOGS");
    const lines = (await ask(url, query)).split("\n").filter(Boolean);
    if (lines.length === ids.length) {
      const found = new Map(lines.map((line) => line.split("\t")).map(([id, ...rest]) => [id, rest.map(Number)]));
      return ids.map((id) => {
        const [rows = 0, time = 0, cpu = 0] = found.get(id) ?? [];
        return { rows, time, cpu };
      });
    }
    await sleep(200);
  }
  throw new Error(`the server's log does not have all of ${ids.length} statements`);
}

/** A whole number above 0 from the environment. */
export function fromEnvironment(name: string, fallback: number): number {
  const value = Number((process.env[name] ?? String(fallback)).replaceAll("_", ""));
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`${name}: expected a whole number above 0, found "${process.env[name]}"`);
}

/** The one in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** Rows of cells as Markdown; all but the first `left` columns are numbers. */
export function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[], left: number): string {
  const rule = titles.map((_, at) => (at < left ? "---" : "---:"));
  return [titles, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Three digits are enough, e.g. `0.53 ms`, `12 ms`, `1,240 ms`. */
export function milliseconds(value: number): string {
  const digits = value < 1 ? 2 : value < 10 ? 1 : 0;
  return `${value.toLocaleString("en-US", { maximumFractionDigits: digits })} ms`;
}

/** A ratio, e.g. `3.2×` or `1,240×`. */
export function times(value: number): string {
  return `${value.toLocaleString("en-US", { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 })}×`;
}
