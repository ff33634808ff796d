/**
 * Rows per second of a rebuild against one raw INSERT … SELECT of the same table, in the same run.
 * `ts-node -T bench/rebuild.ts [rows] [rounds]`, after a build
 */
import { rebuildTable, selfTest } from "../provider/dist/apply/rebuild/index.js";
import type { Connection } from "../provider/dist/connection/connection.js";
import { openConnection } from "../provider/dist/connection/open.js";
import { freshDatabase, startServer } from "../test/support/server";

const ROWS = Number(process.argv[2] ?? 8_000_000);
const ROUNDS = Number(process.argv[3] ?? 3);
const COLUMNS =
  "(`ts` DateTime, `host` LowCardinality(String), `user` UInt64, `path` String, `value` Float64, `tags` Map(String, String))";
const FROM = "ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (host, ts)";
const TO = "ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (user, ts)";

async function main(): Promise<void> {
  const server = await startServer();
  const connection = await openConnection({ url: server.url, requestTimeout: 3600 });
  const database = await freshDatabase(server);
  await selfTest(connection, database);
  await connection.command(`CREATE TABLE ${database}.seed ${COLUMNS} ${FROM}`);
  await connection.command(
    `INSERT INTO ${database}.seed SELECT toDateTime(1700000000) + intDiv(number * 864000, ${ROWS}), concat('host-', toString(cityHash64(number) % 200)), ` +
      `cityHash64(number, 1) % 1000000, concat('/api/v1/', toString(cityHash64(number, 2) % 5000), '/item'), (cityHash64(number, 3) % 1000000) / 7, ` +
      `map('region', toString(number % 7), 'tier', 'gold') FROM numbers(${ROWS})`,
  );
  await connection.command(`OPTIMIZE TABLE ${database}.seed FINAL`);
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // Taking turns at going first evens out what else the machine does.
    const times = { raw: 0, rebuild: 0 };
    for (const kind of round % 2 === 0 ? (["raw", "rebuild"] as const) : (["rebuild", "raw"] as const)) {
      times[kind] = await (kind === "raw" ? raw : rebuild)(connection, database, round);
    }
    ratios.push(times.raw / times.rebuild);
    const rate = (ms: number): string => `${(ROWS / ms / 1000).toFixed(2)} M rows/s`;
    console.log(
      `round ${round}: raw ${rate(times.raw)}, rebuild ${rate(times.rebuild)}, ratio ${(times.raw / times.rebuild).toFixed(3)}`,
    );
  }
  console.log(`median ratio ${[...ratios].sort((a, b) => a - b)[ROUNDS >> 1]?.toFixed(3)} of ${ROWS} rows (goal 0.8)`);
  await connection.command("SYSTEM FLUSH LOGS");
  const [memory] = await connection.query<{ peak: string; statement: string }>(
    `SELECT formatReadableSize(memory_usage) AS peak, substring(query, 1, 60) AS statement FROM system.query_log WHERE query LIKE '/* schema-op%' ORDER BY memory_usage DESC LIMIT 1`,
  );
  console.log(`most memory of one statement: ${memory?.peak} (${memory?.statement})`);
  await connection.close();
  await server.stop();
}

async function raw(connection: Connection, database: string): Promise<number> {
  await connection.command(`CREATE TABLE ${database}.raw ${COLUMNS} ${TO}`);
  const started = performance.now();
  await connection.command(`INSERT INTO ${database}.raw SELECT * FROM ${database}.seed`);
  const ended = performance.now();
  await connection.command(`DROP TABLE ${database}.raw SYNC`);
  return ended - started;
}

async function rebuild(connection: Connection, database: string, round: number): Promise<number> {
  const name = `${database}.t${round}`;
  await connection.command(`CREATE TABLE ${name} ${COLUMNS} ${FROM}`);
  await connection.command(`ALTER TABLE ${name} ATTACH PARTITION ALL FROM ${database}.seed`);
  const started = performance.now();
  const result = await rebuildTable(connection, {
    from: `CREATE TABLE ${name} ${COLUMNS} ${FROM}`,
    to: `CREATE TABLE ${name} ${COLUMNS} ${TO}`,
    operation: `bench${round}`,
  });
  const ended = performance.now();
  if (result.rows !== ROWS) throw new Error(`${result.rows} rows were rebuilt, not ${ROWS}`);
  await connection.command(`DROP TABLE ${name} SYNC`);
  await connection.command(`DROP TABLE ${result.retired} SYNC`);
  return ended - started;
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
