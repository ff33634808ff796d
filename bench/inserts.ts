/**
 * What ObsFly's views cost an insert: base tables with all their views against copies without, by signal, side by side.
 *
 *     [BENCH_ROWS=1000000] [BENCH_BATCH=50000] npx ts-node -T bench/inserts.ts
 *
 * BENCH_ROWS of each signal go in, BENCH_BATCH an insert; each insert is a round: the same rows into both, in turns. As
 * JSON over HTTP, which is mostly parsing, and once more from a table in memory, which is the cost of storing alone.
 * Times are medians, ratios medians of the ratios within a round; processor time changes less on a busy machine. The
 * table goes to stdout, progress to stderr.
 */
import { randomUUID } from "node:crypto";
import { loadavg } from "node:os";
import { signals } from "../examples/obsfly/config";
import { BASE_TABLES, type Batch, generate } from "../examples/obsfly/load/generate";
import {
  fromEnvironment,
  type Logged,
  loggedOf,
  markdownTable,
  median,
  milliseconds,
  runAs,
  startObsfly,
  times,
} from "./obsfly";
import { ask } from "./server";

const ROWS = fromEnvironment("BENCH_ROWS", 1_000_000);
const BATCH = fromEnvironment("BENCH_BATCH", 50_000);
const HOUR = 3_600_000;

/** Ids of the statements, by round. */
interface Rounds {
  readonly withViews: string[];
  readonly without: string[];
}

async function main(): Promise<void> {
  const before = loadavg()[0] ?? 0;
  const server = await startObsfly((line) => console.error(line));
  try {
    const { url } = server;
    await ask(url, "CREATE DATABASE plain");
    const rows: string[][] = [];
    for (const signal of signals) {
      const table = BASE_TABLES[signal];
      await ask(url, `CREATE TABLE plain.${signal} AS ${table}`);
      await ask(url, `CREATE TABLE plain.${signal}_memory AS ${table} ENGINE = Memory`);
      const views = await ask(
        url,
        `SELECT count() FROM system.tables WHERE engine = 'MaterializedView' AND as_select LIKE '%${table}%'
         AND create_table_query NOT LIKE '%REFRESH %'`,
      );
      const json: Rounds = { withViews: [], without: [] };
      const memory: Rounds = { withViews: [], without: [] };
      const end = Date.now();
      const batches = generate({ seed: 1, rows: ROWS, start: end - 6 * HOUR, end, batch: BATCH, signals: [signal] });
      let round = 0;
      for (const batch of batches) await runRound(url, batch, round++, json, memory);
      rows.push([`\`${table}\``, views, ...(await cells(url, json)), ...(await cells(url, memory))]);
      console.error(rows.at(-1)?.join("  "));
    }
    const load = `load average ${before.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after`;
    console.log(`${ROWS.toLocaleString("en-US")} rows a signal, ${BATCH.toLocaleString("en-US")} an insert, ${load}\n`);
    const measured = ["with views", "ratio", "CPU ratio"];
    const titles = ["base table", "views", "JSON, alone", ...measured, "from memory, alone", ...measured];
    console.log(markdownTable(titles, rows, 1));
  } finally {
    await server.stop();
  }
}

async function runRound(url: string, batch: Batch, round: number, json: Rounds, memory: Rounds): Promise<void> {
  const { signal, table } = batch;
  const text = batch.rows.map((row) => JSON.stringify(row)).join("\n");
  await ask(url, `TRUNCATE TABLE plain.${signal}_memory`);
  await ask(url, `INSERT INTO plain.${signal}_memory FORMAT JSONEachRow ${text}`);
  const intoJson = (into: string): string => `INSERT INTO ${into} FORMAT JSONEachRow ${text}`;
  const fromMemory = (into: string): string => `INSERT INTO ${into} SELECT * FROM plain.${signal}_memory`;
  for (const [kept, insert] of [[json, intoJson] as const, [memory, fromMemory] as const]) {
    // Taking turns at going first evens out what else the machine does.
    for (const which of round % 2 === 0 ? (["withViews", "without"] as const) : (["without", "withViews"] as const)) {
      const id = randomUUID();
      await runAs(url, id, insert(which === "withViews" ? table : `plain.${signal}`));
      kept[which].push(id);
    }
  }
}

async function cells(url: string, rounds: Rounds): Promise<string[]> {
  const [withViews, without] = [await loggedOf(url, rounds.withViews), await loggedOf(url, rounds.without)];
  const timeOf = (runs: readonly Logged[]): string => milliseconds(median(runs.map(({ time }) => time)));
  const ratio = (key: "time" | "cpu"): string =>
    times(median(withViews.map((run, round) => run[key] / (without[round]?.[key] ?? Number.NaN))));
  return [timeOf(without), timeOf(withViews), ratio("time"), ratio("cpu")];
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
