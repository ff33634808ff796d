/**
 * How far the estimates of `clickhouse-schema rehearse` are from what the change takes: a column that is rewritten, and a rebuild.
 * `ts-node -T bench/rehearse.ts [rows] [rounds]`, after a build
 */
import { newOperation, rebuildTable } from "../provider/dist/apply/rebuild/index.js";
import type { Connection } from "../provider/dist/connection/connection.js";
import { openConnection } from "../provider/dist/connection/open.js";
import { rehearse } from "../provider/dist/rehearse/rehearse.js";
import { readPreview } from "../provider/dist/report/index.js";
import { previewOf } from "../test/rehearse/support";
import { freshDatabase, startServer } from "../test/support/server";

const ROWS = Number(process.argv[2] ?? 5_000_000);
const ROUNDS = Number(process.argv[3] ?? 3);

const table = (name: string, code: string, key: string): string =>
  `CREATE TABLE ${name} (\`ts\` DateTime, \`host\` LowCardinality(String), \`user\` UInt64, \`path\` String, \`code\` ${code}, \`value\` Float64) ` +
  `ENGINE = MergeTree ORDER BY (${key}) SETTINGS index_granularity = 8192`;

const CASES = {
  "MODIFY COLUMN code UInt32 → UInt64": { code: "UInt64", key: "host, ts" },
  "MODIFY COLUMN code UInt32 → String": { code: "String", key: "host, ts" },
  "rebuild with another sorting key": { code: "UInt32", key: "user, ts" },
} as const;

interface Figures {
  readonly seconds: number;
  readonly bytes: number;
}

async function main(): Promise<void> {
  const server = await startServer();
  const connection = await openConnection({ url: server.url, requestTimeout: 3600 });
  try {
    for (const [title, { code, key }] of Object.entries(CASES)) {
      const ratios: Figures[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const name = `${await freshDatabase(server)}.t`;
        const [before, after] = [table(name, "UInt32", "host, ts"), table(name, code, key)];
        await fill(connection, before, name);
        const { estimates } = await rehearse(connection, readPreview(previewOf({ before, after })));
        const [estimate] = estimates;
        if (estimate === undefined) throw new Error(`${title}: no estimate`);
        const took = await change(connection, before, after, name);
        ratios.push({ seconds: estimate.seconds / took.seconds, bytes: estimate.bytes.after / took.bytes });
        console.log(
          `${title}, round ${round}: ${estimate.seconds.toFixed(2)} s expected, ${took.seconds.toFixed(2)} s taken; ` +
            `${estimate.bytes.after} B expected, ${took.bytes} B found`,
        );
        await connection.command(`DROP DATABASE ${name.split(".")[0]} SYNC`);
      }
      const shown = (values: readonly number[]): string => {
        const sorted = [...values].sort((a, b) => a - b);
        return `${sorted.map((value) => value.toFixed(2)).join(", ")}`;
      };
      console.log(
        `${title}: expected / found: time ${shown(ratios.map(({ seconds }) => seconds))}; bytes ${shown(ratios.map(({ bytes }) => bytes))}`,
      );
    }
  } finally {
    await connection.close();
    await server.stop();
  }
}

async function fill(connection: Connection, create: string, name: string): Promise<void> {
  await connection.command(create);
  await connection.command(
    `INSERT INTO ${name} SELECT toDateTime(1700000000) + intDiv(number * 864000, ${ROWS}), concat('host-', toString(cityHash64(number) % 200)), ` +
      `cityHash64(number, 1) % 1000000, concat('/api/v1/', toString(cityHash64(number, 2) % 5000), '/item'), cityHash64(number, 4) % 600, ` +
      `(cityHash64(number, 3) % 1000000) / 7 FROM numbers(${ROWS})`,
  );
  await connection.command(`OPTIMIZE TABLE ${name} FINAL`);
}

/** Makes the change as `up` does it. */
async function change(connection: Connection, before: string, after: string, name: string): Promise<Figures> {
  const began = performance.now();
  const [, type] = /`code` (\w+)/.exec(after) ?? [];
  if (before.split("ORDER BY")[1] === after.split("ORDER BY")[1])
    await connection.query(`ALTER TABLE ${name} MODIFY COLUMN \`code\` ${type} SETTINGS mutations_sync = 2`);
  else
    await rebuildTable(connection, {
      from: before,
      to: after,
      operation: newOperation(),
      mode: "online",
      renamed: {},
      allow: [],
    });
  const seconds = (performance.now() - began) / 1000;
  const [database, table = ""] = name.split(".");
  const [row] = await connection.query<{ bytes: string }>(
    "SELECT sum(data_compressed_bytes) AS bytes FROM system.parts WHERE active AND database = {database:String} AND table = {table:String}",
    { database: database ?? "", table },
  );
  return { seconds, bytes: Number(row?.bytes) };
}

void main();
