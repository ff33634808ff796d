/** Random backfills under writers, with crashes. */

import { setTimeout as sleep } from "node:timers/promises";
import { BACKFILL, findUnfinished } from "../../provider/src/apply/backfill/index";
import type { BackfillResult } from "../../provider/src/apply/backfill/options";
import { newOperation } from "../../provider/src/apply/rebuild/index";
import type { Connection } from "../../provider/src/connection/connection";
import { resume } from "../../provider/src/operation/engine";
import { type BackfillCase, createSource, createViews, runBackfill, SHIFT } from "./backfill-cases";
import { type Crashed, type CrashHooks, withCrashes } from "./backfill-crashes";
import { VARIANTS } from "./tables";
import { compare, Ledger, type Losses, random, type Surprise, write } from "./writers";

/** What a random run was. */
export interface BackfillRun extends Losses, Omit<Crashed<BackfillResult>, "result"> {
  /** Rows that are not in the new target as the clients were told. */
  targetLost: number;
  targetDoubled: number;
  refused: number;
  surprises: readonly Surprise[];
  result: BackfillResult;
}

/** Fills a target under three writers, with crashes at random statements, each followed by a fresh runner. */
export async function randomBackfill(
  open: () => Promise<Connection>,
  database: string,
  one: BackfillCase,
  seed: number,
): Promise<BackfillRun> {
  const [chance, ledger] = [random(seed), new Ledger()];
  const connection = await open();
  const clients = await Promise.all([open(), open(), open()]);
  await createSource(connection, database, one);
  await insertFirst(connection, database, ledger);
  await createViews(connection, database, one);
  let over = false;
  const variant = VARIANTS[0];
  if (variant === undefined) throw new Error("no variant");
  const writers = clients.map((client) =>
    write(client, database, ledger, random(chance() * 2 ** 31), variant, () => over),
  );
  try {
    await sleep(30 + chance() * 60);
    const crashed = await withCrashes(open, attempt(database, one, chance), chance, 90, database);
    await sleep(chance() * 40);
    over = true;
    // What they were told is in the ledger.
    await Promise.allSettled(writers);
    const losses = await compare(connection, database, ledger, true);
    const target = await compareTarget(connection, database, one, ledger);
    return { ...losses, ...target, ...crashed, refused: ledger.refused, surprises: ledger.surprises };
  } finally {
    over = true;
    await Promise.allSettled(writers);
    await Promise.all([connection, ...clients].map((client) => client.close()));
  }
}

async function insertFirst(connection: Connection, database: string, ledger: Ledger): Promise<void> {
  for (let part = 0; part < 8; part += 1) {
    const first = ledger.take(20);
    const table = part % 3 === 2 ? "u" : "t";
    Ledger.bump(ledger.begun, first, 20);
    await connection.command(
      `INSERT INTO ${database}.${table} (id, grp, v, note) SELECT number + ${first} AS n, toUInt32(n % 7), 1, NULL FROM numbers(20)`,
    );
    Ledger.bump(ledger.acknowledged, first, 20);
    if (table === "u") for (let id = first; id < first + 20; id += 1) ledger.throughView.add(id);
  }
}

function attempt(database: string, one: BackfillCase, chance: () => number) {
  const operation = newOperation();
  return async (connection: Connection, hooks: CrashHooks, crashes: number): Promise<BackfillResult> => {
    // Small chunks, so that there are several.
    const options = { operation, chunk: 30 + Math.floor(chance() * 60), ...hooks };
    const [found] = crashes === 0 ? [] : await findUnfinished(connection, database);
    // Until the plan is written there is nothing to resume; of a new view, creating it again is always right.
    const resumes = found !== undefined && (one.mode === "refill" || chance() < 0.5);
    return resumes ? resume(BACKFILL, connection, found, hooks) : runBackfill(connection, database, one, options);
  };
}

/** Compares the target with what clients were told about the sources. */
export async function compareTarget(
  connection: Connection,
  database: string,
  { holds, target }: BackfillCase,
  ledger: Ledger,
): Promise<{ targetLost: number; targetDoubled: number }> {
  const count = /`n` AggregateFunction/.test(target) ? "countMerge(n)" : "sum(n)";
  const rows = await connection.query<{ id: string; c: string; n: string }>(
    `SELECT toString(id) AS id, toString(sum(c)) AS c, toString(${count}) AS n FROM ${database}.na GROUP BY id`,
  );
  const found = new Map(rows.map(({ id, c, n }) => [Number(id), c === n ? Number(c) : Number.NaN]));
  const losses = { targetLost: 0, targetDoubled: 0 };
  const look = (id: number, shift: number): void => {
    const there = found.get(id + shift) ?? 0;
    found.delete(id + shift);
    if (!(there >= (ledger.acknowledged.get(id) ?? 0))) losses.targetLost += 1;
    if (there > ledger.most(id)) losses.targetDoubled += 1;
  };
  for (const id of ledger.begun.keys()) {
    if (holds !== "u") look(id, 0);
    if (holds !== "t" && ledger.throughView.has(id)) look(id, holds === "both" ? SHIFT : 0);
  }
  // Nobody has inserted these.
  losses.targetDoubled += found.size;
  return losses;
}
