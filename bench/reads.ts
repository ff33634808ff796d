/**
 * Every ObsFly read view against the same question on its base table: time and rows read. Fails when the answers differ.
 *
 *     [BENCH_ROWS=1000000] [BENCH_ROUNDS=5] npx ts-node -T bench/reads.ts
 *
 * BENCH_ROWS are those of each signal, over six hours; all tables are merged before. Times are medians, ratios medians
 * of the ratios within a round; "less CPU" is the ratio of processor time, which a busy machine changes less. The table
 * goes to stdout, progress to stderr. Ten million rows take about ten minutes to load on two idle cores.
 */
import { randomUUID } from "node:crypto";
import { loadavg } from "node:os";
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { load } from "../examples/obsfly/load/load";
import { createProgress } from "../examples/obsfly/load/progress";
import { openConnection } from "../provider/dist/connection/open.js";
import { compare } from "../test/obsfly/compare";
import { baseTables, eachTable, refreshDependencies, rollups } from "../test/obsfly/truth";
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
import { type Question, questions } from "./questions";

const ROWS = fromEnvironment("BENCH_ROWS", 1_000_000);
const ROUNDS = fromEnvironment("BENCH_ROUNDS", 5);
const HOUR = 3_600_000;

async function main(): Promise<void> {
  const before = loadavg()[0] ?? 0;
  const server = await startObsfly((line) => console.error(line));
  try {
    const since = await fill(server.url);
    const rows: string[][] = [];
    for (const question of questions(since)) {
      const where = ` WHERE ${question.filter}`;
      for (const [label, filter] of [
        ["all", ""],
        [
          question.filter
            .replaceAll("AccountId", "account")
            .replaceAll(/ServiceName|HostId/g, (one) => one.replace(/Name|Id/, "").toLowerCase()),
          where,
        ],
      ] as const) {
        rows.push([`\`${question.name}\``, label, ...(await measure(server.url, question, filter))]);
        console.error(rows.at(-1)?.join("  "));
      }
    }
    const load = `load average ${before.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after`;
    console.log(`${ROWS.toLocaleString("en-US")} rows a signal over six hours, ${ROUNDS} rounds, ${load}\n`);
    const titles = [
      "read view",
      "question",
      "rows read",
      "of the base",
      "less",
      "time",
      "of the base",
      "faster",
      "less CPU",
    ];
    console.log(markdownTable(titles, rows, 2));
  } finally {
    await server.stop();
  }
}

/** Rows up to now, everything merged. @returns the hour since when the map of services is asked for, in seconds. */
async function fill(url: string): Promise<number> {
  const connection = await openConnection({ url, requestTimeout: 3600 });
  const client = patientClient(url);
  try {
    const end = Date.now();
    const progress = createProgress(process.stderr, 4 * ROWS);
    const onProgress = (rows: Readonly<Record<string, number>>): void =>
      progress.update(
        Object.values(rows).reduce((sum, one) => sum + one, 0),
        "",
      );
    await load(connection, { seed: 1, rows: ROWS, start: end - 6 * HOUR, end, batch: 50_000, onProgress });
    progress.end();
    console.error("merging");
    await refreshDependencies(client);
    await client.command({ query: "SYSTEM STOP VIEW traces.service_dependencies_mv" });
    await eachTable(client, [...baseTables, ...rollups], "OPTIMIZE TABLE", "FINAL");
    // The last refresh saw two hours before its own.
    const [refreshed] = await connection.query<{ hour: string }>(
      `SELECT toUnixTimestamp(min(time_bucket)) AS hour FROM traces.service_dependencies
       WHERE computed_at = (SELECT max(computed_at) FROM traces.service_dependencies)`,
    );
    return Number(refreshed?.hour);
  } finally {
    await client.close();
    await connection.close();
  }
}

function patientClient(url: string): ClickHouseClient {
  // It warns of long waits: there is no load balancer here that could cut them.
  return createClient({ url, request_timeout: HOUR, log: { level: ClickHouseLogLevel.OFF } });
}

/** Compares the answers once, then times both, in turns. */
async function measure(url: string, question: Question, filter: string): Promise<string[]> {
  const seen = `SELECT * FROM (${question.seen})${filter}`;
  const truth = `SELECT * FROM (${question.truth})${filter}`;
  const client = patientClient(url);
  await compare(client, { ...question, seen, truth }).finally(() => client.close());
  const ids: { ours: string[]; theirs: string[] } = { ours: [], theirs: [] };
  for (let round = 0; round < ROUNDS; round++) {
    // Taking turns at going first evens out what else the machine does.
    for (const whose of round % 2 === 0 ? (["ours", "theirs"] as const) : (["theirs", "ours"] as const)) {
      const id = randomUUID();
      await runAs(url, id, `${whose === "ours" ? seen : truth} FORMAT Null`);
      ids[whose].push(id);
    }
  }
  return cells(await loggedOf(url, ids.ours), await loggedOf(url, ids.theirs));
}

function cells(ours: readonly Logged[], theirs: readonly Logged[]): string[] {
  const [rows, of] = [ours[0]?.rows ?? 0, theirs[0]?.rows ?? 0];
  const timeOf = (runs: readonly Logged[]): string => milliseconds(median(runs.map(({ time }) => time)));
  const ratio = (key: "time" | "cpu"): string =>
    times(median(theirs.map((run, round) => run[key] / (ours[round]?.[key] ?? Number.NaN))));
  return [
    rows.toLocaleString("en-US"),
    of.toLocaleString("en-US"),
    times(of / Math.max(1, rows)),
    timeOf(ours),
    timeOf(theirs),
    ratio("time"),
    ratio("cpu"),
  ];
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
