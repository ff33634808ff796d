import type { Connection } from "../../../provider/dist/connection/connection.js";
import { openConnection } from "../../../provider/dist/connection/open.js";
import type { Signal } from "../config";
import { BASE_TABLES } from "./generate";
import { load } from "./load";
import { type Command, HELP, readCommand } from "./options";
import { createProgress } from "./progress";

/** Milliseconds between two looks at the rollups. */
const LOOK_INTERVAL = 500;

/** `npm run load`: rows for the ObsFly stack, and how its rollups grow during that time. */
async function main(): Promise<void> {
  const command = readCommand(process.argv.slice(2), process.env);
  if (command === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const { load: options, ...target } = command;
  const connection = await openConnection({ ...target, create: false });
  try {
    const signals = options.signals ?? (Object.keys(BASE_TABLES) as Signal[]);
    process.stderr.write(`Loading ${signals.join(", ")} into ${connection.url}\n`);
    const progress = createProgress(process.stderr, options.rows * signals.length);
    const rollups = watchRollups(connection);
    const started = performance.now();
    const written = await load(connection, {
      ...options,
      onProgress: (rows) => {
        rollups.look();
        progress.update(sum(rows), rollups.text());
      },
    }).finally(() => progress.end());
    const seconds = (performance.now() - started) / 1000;
    const rate = Math.round(sum(written) / seconds).toLocaleString("en-US");
    const counts = signals.map((signal) => `${BASE_TABLES[signal]} ${written[signal].toLocaleString("en-US")}`);
    process.stdout.write(
      `${counts.join(", ")} rows in ${seconds.toFixed(1)} s (${rate} rows/s)\n${nextSteps(command)}`,
    );
  } finally {
    await connection.close();
  }
}

function nextSteps({ url }: Command): string {
  return `Next: npx clickhouse-schema status --url ${url.replace(`${process.cwd()}/`, "./")}\n`;
}

function sum(rows: Readonly<Record<Signal, number>>): number {
  return Object.values(rows).reduce((total, one) => total + one, 0);
}

/** Rows of the tables that are not base tables, looked at now and then without holding up the inserts. */
function watchRollups(connection: Connection): { look(): void; text(): string } {
  const bases = Object.values(BASE_TABLES).map((table) => `'${table}'`);
  const databases = Object.keys(BASE_TABLES).map((database) => `'${database}'`);
  const query = `SELECT sum(rows) AS rows FROM system.parts WHERE active AND database IN (${databases.join(", ")})
    AND concat(database, '.', table) NOT IN (${bases.join(", ")})`;
  let [last, text, isLooking] = [0, "", false];
  const look = async (): Promise<void> => {
    try {
      const [row] = await connection.query<{ rows: string }>(query);
      text = `rollups ${Number(row?.rows ?? 0).toLocaleString("en-US")} rows`;
    } catch {
      // Not essential: a user who may write need not be allowed to see system.parts, and a lost connection shows in the inserts.
    } finally {
      isLooking = false;
    }
  };
  return {
    look() {
      if (isLooking || performance.now() - last < LOOK_INTERVAL) return;
      [last, isLooking] = [performance.now(), true];
      void look();
    },
    text: () => text,
  };
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
