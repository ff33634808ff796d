/** Random view steps under writers, with crashes. */

import { setTimeout as sleep } from "node:timers/promises";
import { applyViewStep, VIEW } from "../../provider/src/apply/views/index";
import type { ViewStepResult } from "../../provider/src/apply/views/options";
import type { Connection } from "../../provider/src/connection/connection";
import { resume } from "../../provider/src/operation/engine";
import { refresh } from "./refreshes";
import { Crash, dyingAt, GATE } from "./runs";
import { VARIANTS, type Variant } from "./tables";
import { createView, stepOf, type ViewCase } from "./views-cases";
import { compare, Ledger, type Losses, random, type Surprise, write } from "./writers";

const REPEATING = requireVariant();

/** What a random run was. */
export interface ViewRun extends Losses {
  crashes: number;
  refused: number;
  /** What writers were told that the protocol does not foresee. */
  surprises: readonly Surprise[];
  /** How long inserts were refused, each time, in milliseconds. */
  gates: number[];
  diedAt: string[];
  result: ViewStepResult;
}

/** Changes a view under three writers, with crashes at random statements, each followed by a fresh runner. */
export async function randomViewRun(
  open: () => Promise<Connection>,
  database: string,
  view: ViewCase,
  seed: number,
): Promise<ViewRun> {
  const chance = random(seed);
  const ledger = new Ledger();
  const connection = await open();
  const clients = await Promise.all([open(), open(), open()]);
  await createView(connection, database, view);
  for (let part = 0; part < 6; part += 1) {
    const first = ledger.take(20);
    Ledger.bump(ledger.begun, first, 20);
    await connection.command(
      `INSERT INTO ${database}.t (id, grp, v, note) SELECT number + ${first} AS n, toUInt32(n % 7), 1, NULL FROM numbers(20)`,
    );
    Ledger.bump(ledger.acknowledged, first, 20);
  }
  if (view.filled) {
    await connection.command(`INSERT INTO ${database}.a (id, c) SELECT 1000000 + number, 1 FROM numbers(20)`);
  }
  let over = false;
  const writers = clients.map((client) =>
    write(client, database, ledger, random(chance() * 2 ** 31), REPEATING, () => over),
  );
  try {
    await sleep(30 + chance() * 60);
    const { crashes, diedAt, gates, result } = await applyWithCrashes(open, database, view, chance);
    await sleep(chance() * 40);
    over = true;
    // What they were told is in the ledger.
    await Promise.allSettled(writers);
    if (view.to.startsWith("REFRESH")) {
      await refresh(connection, `${database}.v`);
    }
    const losses = await compare(connection, database, ledger, true);
    if (view.filled) {
      const [row] = await connection.query<{ c: string }>(`SELECT count() AS c FROM ${database}.a WHERE id >= 1000000`);
      if (row?.c !== "20") losses.viewLost += 1;
    }
    return { ...losses, refused: ledger.refused, surprises: ledger.surprises, crashes, diedAt, gates, result };
  } finally {
    over = true;
    await Promise.allSettled(writers);
    await Promise.all([connection, ...clients].map((client) => client.close()));
  }
}

async function applyWithCrashes(
  open: () => Promise<Connection>,
  database: string,
  view: ViewCase,
  chance: () => number,
): Promise<Pick<ViewRun, "crashes" | "diedAt" | "gates" | "result">> {
  const [diedAt, gates]: [string[], number[]] = [[], []];
  let closedAt = 0;
  const onGate = (closed: boolean): void => {
    if (!closed && closedAt > 0) gates.push(Date.now() - closedAt);
    closedAt = closed ? Date.now() : 0;
  };
  // A view with a target is replaced in few statements.
  const statements = view.from.startsWith("TO") ? 20 : 60;
  let dieAt = Math.floor(chance() * statements);
  for (let crashes = 0; ; crashes += 1) {
    const runner = await open();
    const died: string[] = [];
    const hooks = { ...dyingAt(dieAt, (sql) => died.push(sql.replaceAll(database, "d"))), onGate };
    try {
      // Until the plan is written there is nothing to resume; calling it again is always right.
      const result =
        crashes > 0 && chance() < 0.5 && (await hasPlan(runner, database))
          ? await resume(VIEW, runner, { database, operation: "r1" }, hooks)
          : await applyViewStep(runner, stepOf(database, view), { operation: "r1", allow: view.allow ?? [], ...hooks });
      return { crashes, diedAt, gates, result };
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      diedAt.push(died[0]?.slice(0, 100) ?? "");
      closedAt = 0;
      dieAt = crashes >= 3 ? Number.POSITIVE_INFINITY : Math.floor((chance() * statements * 2) / 3);
      // Sometimes long enough for a gate to open by itself, so that writers meet what was left half done.
      await sleep(chance() < 0.3 ? GATE : chance() * 30);
    } finally {
      await runner.close();
    }
  }
}

async function hasPlan(connection: Connection, database: string): Promise<boolean> {
  const rows = await connection.query(`SELECT 1 AS one FROM ${database}._schema_ops WHERE op = 'r1' AND key = 'plan'`);
  return rows.length > 0;
}

function requireVariant(): Variant {
  const found = VARIANTS.find(({ repeats }) => repeats);
  if (found === undefined) throw new Error("no variant repeats its inserts");
  return found;
}
