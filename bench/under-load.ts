/**
 * `npx ts-node -T bench/under-load.ts 25.8 [RUNS] [BUSY]`: rebuilds under writers, beside busy processes. How many end, how long they take, how
 * many parts a partition has meanwhile and had before, and whether every row is there once.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { newOperation, rebuildTable } from "../provider/src/apply/rebuild/index";
import type { Connection } from "../provider/src/connection/connection";
import { openConnection } from "../provider/src/connection/open";
import { Postponed } from "../provider/src/operation/errors";
import { versionNamed } from "../provider/src/server/engines";
import { createTables, definitions, skipSelfTest, VARIANTS, type Variant } from "../test/apply/tables";
import { compare, Ledger, random, write } from "../test/apply/writers";
import { freshDatabase, startServer, type TestServer } from "../test/support/server";

/** How long clients write before the rebuild begins, in milliseconds. */
const BEFORE = 5000;
const WRITERS = 3;

interface Outcome {
  readonly end: "ended" | "gave up" | "failed";
  readonly seconds: number;
  /** Most active parts in any partition of the table, before and during. */
  readonly before: number;
  readonly during: number;
  readonly rows: number;
  readonly lost: number;
  readonly doubled: number;
  readonly said: string;
}

async function main([named = "", runs = "9", busy = "12", only = ""]: readonly string[]): Promise<void> {
  const version = versionNamed(named);
  const server = await startServer({ version });
  const others = Array.from({ length: Number(busy) }, () => spawn(process.execPath, ["-e", "for (;;);"]));
  const outcomes: Outcome[] = [];
  try {
    const variants = VARIANTS.filter(({ name }) => name.includes(only));
    for (let index = 0; index < Number(runs); index += 1) {
      const variant = variants[index % variants.length] as Variant;
      const outcome = await run(server, variant, index);
      outcomes.push(outcome);
      console.log(`${version} ${index}: ${variant.name}: ${JSON.stringify(outcome)}`);
    }
  } finally {
    await Promise.all(others.map(end));
    await server.stop();
  }
  const ended = outcomes.filter((one) => one.end === "ended");
  const most = (key: "before" | "during"): number => Math.max(...outcomes.map((one) => one[key]));
  const sum = (key: "lost" | "doubled"): number => outcomes.reduce((total, one) => total + one[key], 0);
  console.log(
    `${version}, ${busy} busy processes: ${ended.length} of ${outcomes.length} ended; most parts in a partition ${most("before")} before, ` +
      `${most("during")} during; lost ${sum("lost")}, doubled ${sum("doubled")}`,
  );
}

async function run(server: TestServer, variant: Variant, seed: number): Promise<Outcome> {
  const open = (): Promise<Connection> => openConnection({ url: server.url });
  const [connection, watcher, ...clients] = await Promise.all(Array.from({ length: WRITERS + 2 }, open));
  if (connection === undefined || watcher === undefined) throw new Error("no connection");
  const database = await freshDatabase(server);
  await createTables(connection, database, variant);
  await skipSelfTest(connection, database);
  const [ledger, chance] = [new Ledger(), random(seed)];
  let over = false;
  const writers = clients.map((client) =>
    write(client, database, ledger, random(chance() * 2 ** 31), variant, () => over),
  );
  const most = { before: 0, during: 0 };
  let phase: keyof typeof most = "before";
  const watching = (async () => {
    while (!over) {
      most[phase] = Math.max(most[phase], await partsIn(watcher, database));
      await sleep(100);
    }
  })();
  try {
    await sleep(BEFORE);
    phase = "during";
    const began = Date.now();
    const operation = newOperation();
    const said = await rebuildTable(connection, { ...definitions(database, variant), operation, chunkRows: 50 }).then(
      () => undefined,
      (error: unknown) => error,
    );
    const seconds = (Date.now() - began) / 1000;
    over = true;
    await Promise.allSettled([...writers, watching]);
    const { lost, doubled, viewLost, viewDoubled } = await compare(connection, database, ledger, variant.read);
    const end = said === undefined ? "ended" : said instanceof Postponed ? "gave up" : "failed";
    return {
      ...{ end, seconds, ...most, rows: ledger.begun.size, lost: lost + viewLost, doubled: doubled + viewDoubled },
      said: said === undefined ? "" : String(said).slice(0, 300),
    };
  } finally {
    over = true;
    await Promise.allSettled([...writers, watching]);
    await connection.command(`DROP DATABASE ${database} SYNC SETTINGS check_table_dependencies = 0`);
    await Promise.all([connection, watcher, ...clients].map((client) => client.close()));
  }
}

async function partsIn(connection: Connection, database: string): Promise<number> {
  const [row] = await connection.query<{ most: string }>(
    `SELECT toString(max(parts)) AS most FROM (SELECT count() AS parts FROM system.parts WHERE database = '${database}' AND table = 't' AND active GROUP BY partition_id)`,
  );
  return Number(row?.most ?? 0);
}

async function end(child: ChildProcess): Promise<void> {
  const closed = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGKILL");
  await closed;
}

void main(process.argv.slice(2));
