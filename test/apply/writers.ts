/** Clients that write to a table while it is rebuilt, and the comparison of what they were told with what is there. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../provider/dist/connection/connection.js";
import { ConnectionError, ServerError } from "../../provider/dist/connection/errors.js";
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

/** What clients have tried and what they were told. */
export class Ledger {
  readonly begun = new Map<number, number>();
  readonly acknowledged = new Map<number, number>();
  readonly throughView = new Set<number>();
  refused = 0;
  private nextId = 0;

  take(count: number): number {
    const first = this.nextId;
    this.nextId += count;
    return first;
  }

  static bump(map: Map<number, number>, first: number, count: number): void {
    for (let id = first; id < first + count; id += 1) map.set(id, (map.get(id) ?? 0) + 1);
  }
}

/** One client: short batches and long inserts of several blocks, some repeated, some through the view; refused ones again. */
export async function write(
  connection: Connection,
  database: string,
  ledger: Ledger,
  chance: () => number,
  variant: Variant,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
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
}

/** Inserts until it is acknowledged; gives up only at the end, or when the server is gone. */
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
      if (error instanceof ConnectionError) return;
      // 469: refused at the gate. 741: the tables were exchanged between two look-ups. Nothing is written in both cases.
      if (!(error instanceof ServerError) || ![469, 741].includes(error.code)) throw error;
      ledger.refused += 1;
      if (isOver()) return;
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
  /** Rows of `u` that `t` has not, or the other way round. */
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
  for (const [id, begun] of ledger.begun) {
    const told = ledger.acknowledged.get(id) ?? 0;
    const found = rows.get(id) ?? 0;
    const seen = aggregated.get(id) ?? 0;
    if (found < told) losses.lost += 1;
    if (found > begun) losses.doubled += 1;
    if (read && seen < told) losses.viewLost += 1;
    if (read && seen > begun) losses.viewDoubled += 1;
    if (ledger.throughView.has(id) && (entered.get(id) ?? 0) !== found) losses.halfWay += 1;
  }
  return losses;
}
