/** Clients that write to a table while it is rebuilt, and the comparison of what they were told with what is there. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../provider/src/connection/connection";
import { ServerError } from "../../provider/src/connection/errors";
import type { Variant } from "./tables";

/** Numbers from 0 to 1, the same for a seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** An answer to an INSERT that no protocol foresees. */
export interface Surprise {
  /** Error code of the server; absent when the connection was lost. */
  readonly code?: number;
  readonly message: string;
  /** Rows of the insert: the first id and how many. */
  readonly rows: readonly [number, number];
  readonly table: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What clients have tried and what they were told. */
export class Ledger {
  readonly begun = new Map<number, number>();
  readonly acknowledged = new Map<number, number>();
  readonly throughView = new Set<number>();
  /** Rows of inserts that ended in a {@link Surprise}: stored or not, but everywhere alike. Rows that were refused are nowhere. */
  readonly unclear = new Set<number>();
  readonly surprises: Surprise[] = [];
  /** Refusals that the protocol foresees, by code: nothing was stored. */
  readonly refusals = new Map<number, number>();
  private nextId = 0;

  /** How often clients were told to try again. */
  get refused(): number {
    return [...this.refusals.values()].reduce((sum, count) => sum + count, 0);
  }

  /**
   * Takes down what an insert was answered.
   *
   * @param foreseen codes with which nothing is stored and the client tries again.
   * @returns whether to try again. Anything else is remembered as a surprise.
   */
  isRetryable(error: unknown, foreseen: readonly number[], rows: readonly [number, number], table: string): boolean {
    const code = error instanceof ServerError ? error.code : undefined;
    if (code !== undefined && foreseen.includes(code)) {
      this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
      return true;
    }
    this.surprises.push({ ...(code !== undefined && { code }), message: String(error), rows, table, at: Date.now() });
    for (let id = rows[0]; id < rows[0] + rows[1]; id += 1) this.unclear.add(id);
    return false;
  }

  /** How often a row may be there. Each attempt of an unclear one counts, refused ones do not. */
  most(id: number): number {
    return (this.unclear.has(id) ? this.begun : this.acknowledged).get(id) ?? 0;
  }

  /** @throws with the server's words when a client was told something that no protocol foresees. */
  assertNoSurprises(): void {
    assert.deepEqual(this.surprises, []);
  }

  take(count: number): number {
    const first = this.nextId;
    this.nextId += count;
    return first;
  }

  static bump(map: Map<number, number>, first: number, count: number): void {
    for (let id = first; id < first + count; id += 1) map.set(id, (map.get(id) ?? 0) + 1);
  }
}

/** How clients hold back when they are asked to. */
export interface Pace {
  /** Milliseconds since 1970. */
  restUntil?: number;
}

/** 469: refused at the gate. 741: the tables were exchanged between two look-ups. Nothing is written in both cases. */
const FORESEEN = [469, 741];

/**
 * One client: short batches and long inserts of several blocks, some repeated, some through the view; refused ones again.
 *
 * @throws at the end, and not before, when it was told something that is not foreseen: the ledger has all of it, and the rows are to be
 *   compared all the same.
 */
export async function write(
  connection: Connection,
  database: string,
  ledger: Ledger,
  chance: () => number,
  variant: Variant,
  isOver: () => boolean,
  pace: Pace = {},
): Promise<void> {
  while (!isOver()) {
    if (Date.now() < (pace.restUntil ?? 0)) {
      await sleep(20);
      continue;
    }
    const count = 1 + Math.floor(chance() * 12);
    const first = ledger.take(count);
    const table = chance() < 0.4 ? "u" : "t";
    const pause = chance() < 0.25 ? ` + sleepEachRow(${(0.01 + chance() * 0.05).toFixed(3)})` : "";
    const settings = `max_block_size = ${pause === "" ? 1000 : 2}, max_threads = 1, min_insert_block_size_rows = 1, min_insert_block_size_bytes = 1, max_insert_block_size = 2`;
    const sql =
      `INSERT INTO ${database}.${table} (id, grp, v, note) SELECT number + ${first} AS n, toUInt32(n % 7), 1${pause}, if(n % 3 = 0, NULL, toString(n)) ` +
      `FROM numbers(${count}) SETTINGS ${settings}`;
    if (table === "u") for (let id = first; id < first + count; id += 1) ledger.throughView.add(id);
    const times = variant.repeats && chance() < 0.15 ? 2 : 1;
    for (let time = 0; time < times; time += 1) await insert(connection, sql, ledger, first, count, isOver);
    await sleep(chance() * 40);
  }
  ledger.assertNoSurprises();
}

/** Inserts until it is acknowledged; gives up at the end, and at what was not foreseen. */
async function insert(
  connection: Connection,
  sql: string,
  ledger: Ledger,
  first: number,
  count: number,
  isOver: () => boolean,
): Promise<void> {
  Ledger.bump(ledger.begun, first, count);
  for (;;) {
    try {
      await connection.command(sql);
      Ledger.bump(ledger.acknowledged, first, count);
      return;
    } catch (error) {
      const table = sql.split(" ", 3)[2] ?? "";
      if (!ledger.isRetryable(error, FORESEEN, [first, count], table) || isOver()) return;
      await sleep(20);
    }
  }
}

/** Rows that are not as the clients were told. */
export interface Losses {
  ids: number;
  lost: number;
  doubled: number;
  viewLost: number;
  viewDoubled: number;
  /** Rows of `u` that `t` has not, or the other way round; unclear ones also where `t` and the view's target differ. */
  halfWay: number;
}

/** Compares the table, and the targets of both views, with the clients' ledger. */
export async function compare(
  connection: Connection,
  database: string,
  ledger: Ledger,
  read: boolean,
): Promise<Losses> {
  const load = async (table: string, value: string): Promise<Map<number, number>> => {
    const rows = await connection.query<{ id: string; c: string }>(
      `SELECT toString(id) AS id, toString(sum(${value})) AS c FROM ${database}.${table} GROUP BY id`,
    );
    return new Map(rows.map(({ id, c }) => [Number(id), Number(c)]));
  };
  const [rows, aggregated, entered] = [await load("t", "v"), await load("agg", "c"), await load("u", "v")];
  const losses: Losses = { ids: ledger.begun.size, lost: 0, doubled: 0, viewLost: 0, viewDoubled: 0, halfWay: 0 };
  for (const id of ledger.begun.keys()) {
    const [told, most] = [ledger.acknowledged.get(id) ?? 0, ledger.most(id)];
    const found = rows.get(id) ?? 0;
    const seen = aggregated.get(id) ?? 0;
    if (found < told) losses.lost += 1;
    if (found > most) losses.doubled += 1;
    if (read && seen < told) losses.viewLost += 1;
    if (read && seen > most) losses.viewDoubled += 1;
    const apart = read && ledger.unclear.has(id) && seen !== found;
    if (apart || (ledger.throughView.has(id) && (entered.get(id) ?? 0) !== found)) losses.halfWay += 1;
  }
  return losses;
}
