/**
 * Records one operation of each kind, statement by statement, with its journal: `npx ts-node test/operation/record.ts`. Run it only with a
 * released version, whose operations later ones must be able to resume and abort; `recorded.test.ts` does that with each record.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renameObject } from "../../provider/src/apply/rename/index";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { prepare, SCENARIOS, type Scenario } from "../apply/failing-runs";
import { freshDatabase, sharedServer, stopSharedServer } from "../support/server";
import { dropDatabases } from "./ending";

/** An operation as it ran. `@` stands for the database, `{uuid of x}` for the UUID that `x` has before the statement. */
export interface Recorded extends Pick<Scenario, "name" | "sources" | "targets"> {
  /** Of the server. */
  readonly version: string;
  /** How many of the statements made the tables. */
  readonly prepared: number;
  readonly statements: readonly string[];
}

const OPERATION = "recorded";
export const FOLDER = join(__dirname, "recorded");

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** The objects of a server by UUID, as names with the database as `@`. */
export async function uuids(connection: Connection, database: string): Promise<ReadonlyMap<string, string>> {
  const rows = await connection.query<{ uuid: string; name: string }>(
    `SELECT toString(uuid) AS uuid, concat(database, '.', name) AS name FROM system.tables WHERE startsWith(database, '${database}') ` +
      `UNION ALL SELECT toString(uuid) AS uuid, name FROM system.databases WHERE startsWith(name, '${database}')`,
  );
  // The name of an inner table contains the UUID of its view.
  const names = new Map(rows.map(({ name, uuid }) => [uuid, name.replaceAll(database, "@")]));
  return new Map([...names].map(([uuid, name]) => [uuid, name.replaceAll(UUID, (of) => `(${names.get(of) ?? of})`)]));
}

export const RENAME_OF_A_DATABASE: Scenario = {
  name: "a rename of a database",
  create: [
    "CREATE TABLE @.s (`a` UInt64, `b` UInt64) ENGINE = MergeTree ORDER BY a",
    "CREATE TABLE @.x (`a` UInt64, `b` UInt64) ENGINE = MergeTree ORDER BY a",
    "CREATE MATERIALIZED VIEW @.v TO @.x AS SELECT a, b FROM @.s",
    "INSERT INTO @.s SELECT number, 1 FROM numbers(100)",
  ],
  run: (connection, database, operation) =>
    renameObject(connection, { object: "database", from: { database }, to: { database: `${database}_2` }, operation }),
  sources: ["s"],
  targets: ["x"],
};

async function record(connection: Connection, scenario: Scenario): Promise<Recorded> {
  const database = await freshDatabase(await sharedServer());
  const statements: string[] = [];
  const recording = Object.assign(Object.create(connection) as Connection, {
    command: async (sql: string, params?: never): Promise<void> => {
      const names = await uuids(connection, database);
      const text = sql.replaceAll(UUID, (uuid) => (names.has(uuid) ? `{uuid of ${names.get(uuid)}}` : uuid));
      statements.push(text.replaceAll(database, "@"));
      await connection.command(sql, params);
    },
  });
  await prepare(recording, database, scenario);
  const prepared = statements.length;
  await scenario.run(recording, database, OPERATION);
  await dropDatabases(connection, database);
  const { name, sources, targets } = scenario;
  return { name, version: connection.version, sources, targets, prepared, statements };
}

async function main(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const connection = await openConnection({ url: (await sharedServer()).url });
  for (const scenario of [...SCENARIOS, RENAME_OF_A_DATABASE]) {
    const recorded = await record(connection, scenario);
    const file = join(FOLDER, `${scenario.name.replaceAll(/\W+/g, "-")}.json`);
    writeFileSync(file, `${JSON.stringify(recorded, undefined, 2)}\n`);
  }
  await connection.close();
  await stopSharedServer();
}

if (require.main === module) void main();
