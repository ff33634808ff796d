/** Random rebuilds under writers, with crashes. */

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { newOperation, REBUILD, rebuildTable } from "../../provider/src/apply/rebuild/index";
import type {
  RebuildHooks,
  RebuildOptions,
  RebuildProgress,
  RebuildResult,
} from "../../provider/src/apply/rebuild/options";
import type { Connection } from "../../provider/src/connection/connection";
import { resume } from "../../provider/src/operation/engine";
import { Postponed } from "../../provider/src/operation/errors";
import { parseCreate } from "../../provider/src/sql/parse/index";
import { renderCreate } from "../../provider/src/sql/render/index";
import { createTables, definitions, skipSelfTest, type Variant } from "./tables";
import { compare, Ledger, type Losses, type Pace, random, write } from "./writers";

/** How long clients hold back, in milliseconds, and how often, when parts pile up on a busy machine. */
const REST = 5000;
const RESTS = 5;

/** A CREATE of a view with a comment as an older server reads it; any other statement as it is. */
export function inWordsOf({ capabilities }: Connection, sql: string): string {
  const isOther = capabilities.commentBeforeQuery || !/^CREATE (?:MATERIALIZED )?VIEW[\s\S]*\bCOMMENT\b/.test(sql);
  return isOther ? sql : renderCreate(parseCreate(sql), capabilities);
}

/** Thrown by tests where a runner is to die. */
export class Crash extends Error {}

/** How long a gate stays closed behind a runner that died, in milliseconds: not so long that tests mostly wait for that. */
export const GATE = 2400;

/** Dies before its n-th statement, counted from 0. */
export function dyingAt(count: number, onDeath: (sql: string) => void = () => undefined): RebuildHooks {
  let statements = 0;
  return {
    gateLength: GATE,
    beforeStatement: (sql) => {
      if (statements === count) {
        onDeath(sql);
        throw new Crash(sql);
      }
      statements += 1;
    },
  };
}

/** What a random run was. */
export interface Run extends Losses {
  crashes: number;
  refused: number;
  /** How long inserts were refused, each time, in milliseconds. */
  gates: number[];
  diedAt: string[];
  result: RebuildResult;
}

/** Rebuilds under three writers, with crashes at random statements, each followed by a fresh runner. */
export async function randomRun(
  open: () => Promise<Connection>,
  database: string,
  variant: Variant,
  seed: number,
  options: Partial<RebuildOptions> = {},
): Promise<Run> {
  const chance = random(seed);
  const ledger = new Ledger();
  const connection = await open();
  const clients = await Promise.all([open(), open(), open()]);
  await createTables(connection, database, variant);
  await skipSelfTest(connection, database);
  for (let part = 0; part < 6; part += 1) {
    const first = ledger.take(20);
    Ledger.bump(ledger.begun, first, 20);
    await connection.command(
      `INSERT INTO ${database}.t (id, grp, v, note) SELECT number + ${first} AS n, toUInt32(n % 7), 1, NULL FROM numbers(20)`,
    );
    Ledger.bump(ledger.acknowledged, first, 20);
  }
  let over = false;
  const pace: Pace = {};
  const writers = clients.map((client) =>
    write(client, database, ledger, random(chance() * 2 ** 31), variant, () => over, pace),
  );
  try {
    await sleep(30 + chance() * 60);
    const { crashes, diedAt, gates, result } = await rebuildWithCrashes(open, database, variant, chance, options, pace);
    await sleep(chance() * 40);
    over = true;
    await Promise.all(writers);
    return {
      ...(await compare(connection, database, ledger, variant.read)),
      refused: ledger.refused,
      crashes,
      diedAt,
      gates,
      result,
    };
  } finally {
    over = true;
    await Promise.allSettled(writers);
    await Promise.all([connection, ...clients].map((client) => client.close()));
  }
}

async function rebuildWithCrashes(
  open: () => Promise<Connection>,
  database: string,
  variant: Variant,
  chance: () => number,
  options: Partial<RebuildOptions>,
  pace: Pace,
): Promise<{ crashes: number; diedAt: string[]; gates: number[]; result: RebuildResult }> {
  // A name of its own: what is left of an operation is found and ended by its name, in the whole server.
  const operation = newOperation();
  const [diedAt, gates]: [string[], number[]] = [[], []];
  let closedAt = 0;
  const onGate = (closed: boolean): void => {
    if (!closed && closedAt > 0) gates.push(Date.now() - closedAt);
    closedAt = closed ? Date.now() : 0;
  };
  const onProgress = ({ rows, total }: RebuildProgress): void => assert.ok(rows >= 0 && total >= rows);
  let dieAt = Math.floor(chance() * 75);
  let rests = 0;
  for (let crashes = 0; ; crashes += 1) {
    const runner = await open();
    // Small chunks, so that there are several.
    const hooks = {
      chunkRows: 50,
      ...dyingAt(dieAt, (sql) => diedAt.push(sql.replaceAll(database, "d"))),
      onGate,
      onProgress,
    };
    try {
      const target = { database, operation };
      // Until the plan is written there is nothing to resume; calling it again is always right.
      const result =
        crashes > 0 && chance() < 0.5 && (await hasPlan(runner, target))
          ? await resume(REBUILD, runner, target, hooks)
          : await rebuildTable(runner, { ...definitions(database, variant), operation, ...options, ...hooks });
      return { crashes, diedAt, gates, result };
    } catch (error) {
      // On a machine that is too busy, do what the message says: run again when fewer inserts come.
      if (error instanceof Postponed && /Run again when fewer inserts come/.test(error.message) && rests < RESTS) {
        rests += 1;
        pace.restUntil = Date.now() + REST;
      } else if (!(error instanceof Crash)) throw error;
      closedAt = 0;
      dieAt = crashes >= 3 ? Number.POSITIVE_INFINITY : Math.floor(chance() * 60);
      await sleep(chance() * 30);
    } finally {
      await runner.close();
    }
  }
}

async function hasPlan(
  connection: Connection,
  { database, operation }: { readonly database: string; readonly operation: string },
): Promise<boolean> {
  const rows = await connection
    .query(`SELECT 1 AS one FROM ${database}._schema_ops WHERE op = '${operation}' AND key = 'plan'`)
    .catch(() => []);
  return rows.length > 0;
}
