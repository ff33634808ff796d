/**
 * Rows per second of a backfill against one raw INSERT … SELECT of the same view's query, in the same run; and the most memory a statement
 * took. `ts-node -T bench/backfill.ts [rows] [rounds]`, or BACKFILL_ROWS, after a build
 */
import { createWithBackfill } from "../provider/dist/apply/backfill/index.js";
import { selfTest } from "../provider/dist/apply/rebuild/index.js";
import type { Connection } from "../provider/dist/connection/connection.js";
import { openConnection } from "../provider/dist/connection/open.js";
import { freshDatabase, startServer } from "../test/support/server";

const ROWS = Number(process.argv[2] ?? process.env["BACKFILL_ROWS"] ?? 2_000_000);
const ROUNDS = Number(process.argv[3] ?? 3);
/** Bound that is asked for, and checked: the default is 4 GiB. */
const MEMORY = Number(process.env["BACKFILL_MEMORY"] ?? 1024 ** 3);
const SOURCE =
  "(`ts` DateTime, `host` LowCardinality(String), `user` UInt64, `path` String, `value` Float64) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (host, ts)";

/** What is filled: by groups as rollups are, and row by row. */
const TARGETS = [
  {
    name: "rollup",
    layout:
      "(`hour` DateTime, `host` LowCardinality(String), `path` String, `n` SimpleAggregateFunction(sum, UInt64), `most` SimpleAggregateFunction(max, Float64), " +
      "`users` AggregateFunction(uniq, UInt64)) ENGINE = AggregatingMergeTree PARTITION BY toDate(hour) ORDER BY (host, path, hour)",
    query: (from: string) =>
      `SELECT toStartOfHour(ts) AS hour, host, path, count() AS n, max(value) AS most, uniqState(user) AS users FROM ${from} GROUP BY hour, host, path`,
  },
  {
    name: "row by row",
    layout:
      "(`ts` DateTime, `host` LowCardinality(String), `user` UInt64, `value` Float64) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (user, ts)",
    query: (from: string) => `SELECT ts, host, user, value FROM ${from} WHERE value >= 0`,
  },
] as const;

type Target = (typeof TARGETS)[number];

async function main(): Promise<void> {
  const server = await startServer();
  const connection = await openConnection({ url: server.url, requestTimeout: 3600 });
  const database = await freshDatabase(server);
  await selfTest(connection, database);
  await connection.command(`CREATE TABLE ${database}.seed ${SOURCE}`);
  await connection.command(
    `INSERT INTO ${database}.seed SELECT toDateTime(1700000000) + intDiv(number * 864000, ${ROWS}), concat('host-', toString(cityHash64(number) % 100)), ` +
      "cityHash64(number, 1) % 1000000, concat('/api/v1/', toString(cityHash64(number, 2) % 50), '/item'), (cityHash64(number, 3) % 1000000) / 7 " +
      `FROM numbers(${ROWS})`,
  );
  await connection.command(`OPTIMIZE TABLE ${database}.seed FINAL`);
  for (const target of TARGETS) await compare(connection, database, target);
  await connection.close();
  await server.stop();
}

async function compare(connection: Connection, database: string, target: Target): Promise<void> {
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // Taking turns at going first evens out what else the machine does.
    const times = { raw: 0, backfill: 0 };
    for (const kind of round % 2 === 0 ? (["raw", "backfill"] as const) : (["backfill", "raw"] as const)) {
      times[kind] = await (kind === "raw" ? raw : backfill)(connection, database, target, round);
    }
    ratios.push(times.raw / times.backfill);
    const rate = (ms: number): string => `${(ROWS / ms / 1000).toFixed(2)} M rows/s`;
    console.log(
      `${target.name}, round ${round}: raw ${rate(times.raw)}, backfill ${rate(times.backfill)}, ratio ${(times.raw / times.backfill).toFixed(3)}`,
    );
  }
  const median = [...ratios].sort((a, b) => a - b)[ROUNDS >> 1];
  console.log(`${target.name}: median ratio ${median?.toFixed(3)} of ${ROWS} rows (goal 0.9)`);
  await connection.command("SYSTEM FLUSH LOGS");
  const [memory] = await connection.query<{ peak: string; shown: string }>(
    `SELECT toString(max(memory_usage)) AS peak, formatReadableSize(max(memory_usage)) AS shown FROM system.query_log WHERE query LIKE '/* schema-op%' AND query LIKE '%INSERT INTO ${database}.${nameOf(target, "to")}%'`,
  );
  console.log(`${target.name}: most memory of one statement ${memory?.shown}, bound ${MEMORY / 1024 ** 2} MiB`);
  if (Number(memory?.peak) > MEMORY) throw new Error("a statement took more memory than was allowed");
}

function nameOf({ name }: Target, kind: string): string {
  return `${name === "rollup" ? "rollup" : "rows"}_${kind}`;
}

async function raw(connection: Connection, database: string, target: Target): Promise<number> {
  const name = `${database}.${nameOf(target, "raw")}`;
  await connection.command(`CREATE TABLE ${name} ${target.layout}`);
  const started = performance.now();
  await connection.command(`INSERT INTO ${name} ${target.query(`${database}.seed`)}`);
  const ended = performance.now();
  await connection.command(`DROP TABLE ${name} SYNC`);
  return ended - started;
}

async function backfill(connection: Connection, database: string, target: Target, round: number): Promise<number> {
  const [source, name] = [`${database}.t${round}`, `${database}.${nameOf(target, `to${round}`)}`];
  await connection.command(`CREATE TABLE ${source} ${SOURCE}`);
  await connection.command(`ALTER TABLE ${source} ATTACH PARTITION ALL FROM ${database}.seed`);
  await connection.command(`CREATE TABLE ${name} ${target.layout}`);
  const view = `CREATE MATERIALIZED VIEW ${database}.v TO ${name} AS ${target.query(source)}`;
  const started = performance.now();
  const result = await createWithBackfill(connection, [view], { maxMemory: MEMORY });
  const ended = performance.now();
  if (result.rows !== ROWS) throw new Error(`${result.rows} rows were read, not ${ROWS}`);
  for (const table of [`VIEW ${database}.v`, `TABLE ${name}`, `TABLE ${source}`])
    await connection.command(`DROP ${table} SYNC`);
  return ended - started;
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
