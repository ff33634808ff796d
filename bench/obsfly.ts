import { copyObsfly } from "../test/support/obsfly";
import { startServer } from "../test/support/server";

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
