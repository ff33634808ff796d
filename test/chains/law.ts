/** One run of the law: a change along a chain while clients write. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../provider/src/connection/connection";
import { ServerError } from "../../provider/src/connection/errors";
import { openConnection } from "../../provider/src/connection/open";
import { random } from "../apply/writers";
import { Died } from "./dying-proxy";
import { type Case, carried, entryOf, type Parts, programOf, randomCase } from "./random-chain";
import { Stack } from "./stack";

/** What one run was, for reports. */
export interface Outcome {
  readonly seed: number;
  readonly what: Case["what"];
  readonly stages: number;
  readonly rows: number;
  readonly refused: number;
  readonly deaths: number;
}

/** Runs one random case. @throws with the case, when rows are lost, doubled or cut, or an insert fails. */
export async function runLaw(url: string, database: string, seed: number, parts: Parts = {}): Promise<Outcome> {
  const chance = random(seed);
  const one = randomCase(chance, parts);
  const dies = chance() < 0.3;
  const stack = await Stack.open(url, database);
  const label = `seed ${seed}: ${JSON.stringify(one)}`;
  try {
    const { parallel } = one;
    await stack.up(programOf(database, one.before, one), { chance, parallel });
    const program = programOf(database, one.after, one, one.before);
    const clients = await startClients(url, database, one);
    let deaths = 0;
    try {
      await sleep(30);
      if (dies) deaths = await dieOnce(stack, program, chance, parallel);
      await stack.up(program, { chance, parallel });
      await sleep(30);
    } finally {
      await clients.stop();
    }
    const { failed, refused, rows, surprises } = clients;
    // What a failed insert has left is not known; what was acknowledged has to be whole in any case.
    const wrong = await compare(stack.connection, database, one, rows, failed);
    assert.deepEqual({ surprises, ...wrong }, { surprises: [] });
    const left = [...(await stack.preview(program))].filter(([, plan]) => plan !== "");
    assert.deepEqual(left, [], "a second run has something to do");
    return { seed, what: one.what, stages: one.before.length, rows: rows.length, refused: refused(), deaths };
  } catch (error) {
    throw new Error(`${label}\n${error instanceof Error ? error.message : error}`, { cause: error });
  } finally {
    await stack.connection.command(`DROP DATABASE ${database} SYNC`).catch(() => undefined);
    await stack.close();
  }
}

async function dieOnce(
  stack: Stack,
  program: Parameters<Stack["up"]>[0],
  chance: () => number,
  parallel: number,
): Promise<number> {
  const diesAt = Math.floor(chance() * 12);
  try {
    await stack.up(program, { chance, parallel, diesAt, reaches: chance() < 0.5 });
    return 0;
  } catch (error) {
    if (!(error instanceof Died)) throw error;
    return 1;
  }
}

/** Clients that do not know what the column is called; where it comes or goes, they do not write it. */
async function startClients(url: string, database: string, one: Case) {
  const { after, before } = one;
  const rows: number[] = [];
  const failed: number[] = [];
  const surprises: string[] = [];
  let [next, refused, going] = [1, 0, true];
  const writes = before[0] !== undefined && after[0] !== undefined;
  const into = `INSERT INTO ${database}.${entryOf(one, 0)}${writes ? "" : " (id, x)"}`;
  const values = (id: number): string => `(${id}, '${id}'${writes ? `, '${id}'` : ""})`;
  const insert = async (connection: Connection, sql: string, ids: readonly number[]): Promise<void> => {
    for (;;) {
      try {
        await connection.command(sql);
        rows.push(...ids);
        return;
      } catch (error) {
        if (!(error instanceof ServerError) || error.code !== 469) {
          failed.push(...ids);
          return void surprises.push(String(error));
        }
        refused += 1;
        await sleep(10);
      }
    }
  };
  const client = async (isSlow: boolean): Promise<void> => {
    const connection = await openConnection({ url });
    try {
      while (going) {
        const ids = Array.from({ length: isSlow ? 4 : 1 }, () => next++);
        const text = "toString(number)";
        const slow =
          `${into} SELECT number, ${text}${writes ? `, ${text}` : ""} FROM numbers(${ids[0]}, 4) WHERE sleepEachRow(0.02) = 0 ` +
          "SETTINGS max_block_size = 1, min_insert_block_size_rows = 1, min_insert_block_size_bytes = 1";
        await insert(connection, isSlow ? slow : `${into} VALUES ${ids.map(values).join()}`, ids);
        await sleep(isSlow ? 5 : 3);
      }
    } finally {
      await connection.close();
    }
  };
  const clients = [client(false), client(false), client(true)];
  const stop = async (): Promise<void> => {
    going = false;
    await Promise.all(clients);
  };
  return { rows, failed, surprises, refused: () => refused, stop };
}

/** @returns what is wrong, by table. @param failed ids that may be there or not. */
async function compare(
  connection: Connection,
  database: string,
  one: Case,
  told: readonly number[],
  failed: readonly number[],
): Promise<Record<string, unknown>> {
  const whole = new Set(carried(one));
  const wanted = [...told].sort((a, b) => a - b);
  const unknown = new Set(failed);
  const wrong: Record<string, unknown> = {};
  for (const [index, through] of one.through.entries())
    if (through === "Buffer") await connection.command(`OPTIMIZE TABLE ${database}.p${index}`);
  for (const [index, column] of one.after.entries()) {
    const value = whole.has(index) && column ? `toString(${column.name})` : "toString(id)";
    const all = await connection.query<{ id: string; v: string }>(
      `SELECT toString(id) AS id, ${value} AS v FROM ${database}.t${index} ORDER BY t${index}.id`,
    );
    const found = all.filter(({ id }) => !unknown.has(Number(id)));
    const { lost, more } = differences(
      wanted,
      found.map(({ id }) => Number(id)),
    );
    const values = found.filter(({ id, v }) => id !== v).slice(0, 5);
    if (lost.length + more.length + values.length > 0) wrong[`t${index}`] = { lost, more, values };
  }
  if (one.rolls) {
    const top = whole.has(one.after.length - 1) ? "toString(top)" : "toString(id)";
    const rolled = await connection.query<{ id: string; n: string; v: string }>(
      `SELECT toString(id) AS id, toString(rows) AS n, ${top} AS v FROM ${database}.r_read`,
    );
    const others = rolled.filter(({ id, n, v }) => !unknown.has(Number(id)) && (n !== "1" || v !== id));
    const ids = new Set(rolled.map(({ id }) => Number(id)));
    const lost = wanted.filter((id) => !ids.has(id)).slice(0, 5);
    if (lost.length + others.length > 0) wrong["r_read"] = { lost, others: others.slice(0, 5) };
  }
  return wrong;
}

function differences(wanted: readonly number[], found: readonly number[]) {
  const counts = new Map(wanted.map((id) => [id, 0]));
  const more: number[] = [];
  for (const id of found) {
    const count = counts.get(id);
    if (count !== 0) more.push(id);
    counts.set(id, (count ?? 0) + 1);
  }
  const lost = [...counts].flatMap(([id, count]) => (count === 0 ? [id] : []));
  return { lost: lost.slice(0, 5), more: more.slice(0, 5) };
}
