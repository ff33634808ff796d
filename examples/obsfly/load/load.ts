import type { Connection } from "../../../provider/dist/connection/connection.js";
import type { Signal } from "../config";
import { BASE_TABLES, type Batch, type GenerateOptions, generate } from "./generate";

/** What is loaded and how fast. */
export interface LoadOptions extends GenerateOptions {
  /** Most rows a second, of all signals together. Default: as fast as the engine takes them. */
  readonly rate?: number;
  /** Inserts at a time. Default: 2. With 1, their order is that of {@link generate}. */
  readonly parallel?: number;
  /** Called after every insert with the rows written so far. */
  readonly onProgress?: (rows: Readonly<Record<Signal, number>>) => void;
}

/** Streams generated rows into the base tables; on a cluster into the tables of all shards. @returns rows by signal. @throws {Error} when a base table is not there. */
export async function load(connection: Connection, options: LoadOptions): Promise<Record<Signal, number>> {
  const { parallel = 2, rate, onProgress } = options;
  const tables = await tablesOf(connection, options.signals ?? (Object.keys(BASE_TABLES) as Signal[]));
  const written: Record<Signal, number> = { logs: 0, metrics: 0, traces: 0, profiles: 0 };
  const started = performance.now();
  let sent = 0;
  const write = async ({ signal, table, rows }: Batch): Promise<void> => {
    await connection.insert(tables.has(`${table}_all`) ? `${table}_all` : table, rows);
    written[signal] += rows.length;
    onProgress?.(written);
  };
  const running = new Set<Promise<void>>();
  for (const batch of generate(options)) {
    sent += batch.rows.length;
    const one = write(batch);
    running.add(one);
    // A failure is thrown where it is waited for.
    one.then(
      () => running.delete(one),
      () => undefined,
    );
    while (running.size >= parallel) await Promise.race(running);
    if (rate !== undefined) await sleep((sent / rate) * 1000 - (performance.now() - started));
  }
  await Promise.all(running);
  return written;
}

/** All tables that are there. @throws {Error} when a base table is not. */
async function tablesOf(connection: Connection, signals: readonly Signal[]): Promise<ReadonlySet<string>> {
  const rows = await connection.query<{ name: string }>(
    "SELECT concat(database, '.', name) AS name FROM system.tables",
  );
  const present = new Set(rows.map(({ name }) => name));
  const missing = signals.map((signal) => BASE_TABLES[signal]).filter((table) => !present.has(table));
  if (missing.length === 0) return present;
  throw new Error(
    `${connection.url} has no ${missing.join(", ")}. Deploy the stack first: npm start for the embedded engine, ` +
      "else npm run pulumi -- up --stack NAME. Or name the place with --url or --stack.",
  );
}

async function sleep(milliseconds: number): Promise<void> {
  if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
