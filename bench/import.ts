/**
 * What `clickhouse-schema import` costs beside reading the same from the server's own tables, in the same run.
 *
 *     npx ts-node -T bench/import.ts [objects] [rounds] [views]
 *
 * `views` of the objects (default: a tenth) are views, half of them materialized; their columns are compared with their queries on the
 * embedded engine, which starts and ends within what is measured. Prints each part's time and the medians of the ratios, with and without
 * making and writing the program's text.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digest } from "../provider/dist/canonical/fingerprint.js";
import { writeFiles } from "../provider/dist/cli/import/folder.js";
import { programOf } from "../provider/dist/cli/import/program.js";
import { ImportScratch } from "../provider/dist/cli/import/scratch.js";
import type { Connection } from "../provider/dist/connection/connection.js";
import { openConnection } from "../provider/dist/connection/open.js";
import { draftsOf, importFile, writeProgram } from "../provider/dist/generate/index.js";
import { introspectServer } from "../provider/dist/introspect/server.js";
import { startServer } from "../test/support/server";
import { ask, countQueries } from "./server";

const OBJECTS = Number(process.argv[2] ?? 1000);
const ROUNDS = Number(process.argv[3] ?? 5);
const VIEWS = Number(process.argv[4] ?? Math.floor(OBJECTS / 10));
const COLUMNS =
  "(`Timestamp` DateTime64(9) CODEC(Delta(8), ZSTD(1)), `Service` LowCardinality(String), `Level` LowCardinality(String) DEFAULT 'info', " +
  "`Body` String COMMENT 'as it came', `Attributes` Map(LowCardinality(String), String), `Bytes` UInt64, " +
  "INDEX by_body Body TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8)";
const STORAGE =
  "ENGINE = MergeTree PARTITION BY toDate(Timestamp) ORDER BY (Service, Timestamp) TTL toDateTime(Timestamp) + INTERVAL 14 DAY " +
  "SETTINGS ttl_only_drop_parts = 1";

async function main(): Promise<void> {
  const server = await startServer();
  const connection = await openConnection({ url: server.url });
  try {
    await make(server.url);
    const ratios = { all: [] as number[], withoutWriting: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      // Taking turns at going first evens out what else the machine does.
      const first = round % 2 === 0 ? await read(connection) : 0;
      const spent = await importAll(server.url);
      const raw = first || (await read(connection));
      const all = spent.introspect + spent.program + spent.file + spent.write + spent.end;
      const writing = spent.text + spent.file + spent.write;
      ratios.all.push(all / raw);
      ratios.withoutWriting.push((all - writing) / raw);
      const parts = Object.entries(spent).map(([name, time]) => `${name} ${time.toFixed(0)}`);
      console.log(`round ${round}: reading ${raw.toFixed(0)} ms; import ${all.toFixed(0)} ms (${parts.join(", ")})`);
    }
    const queries = await countQueries(server.url, () => importAll(server.url));
    console.log(`${OBJECTS} objects, ${VIEWS} of them views, ${ROUNDS} rounds, ${queries} queries on the server`);
    console.log(
      `median ratio ${median(ratios.withoutWriting)} without writing (goal 3), ${median(ratios.all)} with it`,
    );
  } finally {
    await connection.close();
    await server.stop();
  }
}

async function make(url: string): Promise<void> {
  await ask(url, "CREATE DATABASE bench");
  for (let index = 0; index < OBJECTS - VIEWS; index += 1)
    await ask(url, `CREATE TABLE bench.logs_${index} ${COLUMNS} ${STORAGE}`);
  for (let index = 0; index < VIEWS; index += 1) {
    const source = `bench.logs_${index % Math.max(1, OBJECTS - VIEWS)}`;
    const query = `SELECT Service, toStartOfMinute(Timestamp) AS minute, count() AS n, sum(Bytes) AS bytes FROM ${source} GROUP BY Service, minute`;
    const kind =
      index % 2 === 0
        ? `VIEW bench.view_${index}`
        : `MATERIALIZED VIEW bench.view_${index} ENGINE = SummingMergeTree ORDER BY (Service, minute)`;
    await ask(url, `CREATE ${kind} AS ${query}`);
  }
}

async function read(connection: Connection): Promise<number> {
  const started = performance.now();
  await connection.query("SELECT *, create_table_query FROM system.tables WHERE database = 'bench'");
  await connection.query("SELECT * FROM system.columns WHERE database = 'bench'");
  return performance.now() - started;
}

async function importAll(url: string) {
  const times = [performance.now()];
  const scratch = new ImportScratch();
  const connection = await openConnection({ url });
  const found = await introspectServer(connection);
  times.push(performance.now());
  const { program } = await programOf(connection, found, scratch);
  times.push(performance.now());
  // Done again by itself, to know what of the above was writing.
  const drafts = draftsOf(found.managed.map(({ spec }) => spec));
  const drafted = performance.now();
  writeProgram(drafts, {});
  const text = performance.now() - drafted;
  times.push(performance.now());
  const live = new Map(found.managed.map(({ key, live: { statement } }) => [key, digest(statement)]));
  const file = importFile(program, (key) => live.get(key));
  times.push(performance.now());
  const folder = mkdtempSync(join(tmpdir(), "clickhouse-schema-bench-"));
  writeFiles(folder, new Map([...program.files, ["import.json", JSON.stringify(file)]]), true);
  times.push(performance.now());
  rmSync(folder, { recursive: true });
  await Promise.all([scratch.close(), connection.close()]);
  times.push(performance.now());
  const [start = 0, introspected = 0, made = 0, again = 0, listed = 0, written = 0, ended = 0] = times;
  return {
    introspect: introspected - start,
    program: made - introspected,
    text,
    file: listed - again,
    write: written - listed,
    end: ended - written,
  };
}

function median(numbers: readonly number[]): string {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]?.toFixed(2) ?? "";
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
