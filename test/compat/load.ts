import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@clickhouse/client";
import { type Batch, generate } from "../../examples/obsfly/load/generate";
import type { Connection } from "../../provider/src/connection/connection";
import { ServerError } from "../../provider/src/connection/errors";
import { openConnection } from "../../provider/src/connection/open";
import { compareAll, refreshDependencies } from "../obsfly/truth";

const CLI = path.resolve(__dirname, "../../provider/bin/clickhouse-schema.js");
const HOUR = 3_600_000;
/** With these nothing is stored, and writers send the rows again: refused at the gate; exchanged between two look-ups (741, seldom 60). */
const FORESEEN: ReadonlySet<number> = new Set([469, 741, 60]);

/** Rows as one set of hosts and services sends them: those of several would share counters, and reset them several times a minute. */
export class Writer {
  /** Acknowledged rows, by base table. */
  readonly written: Record<string, number> = {};
  private readonly batches: Generator<Batch>;
  private readonly url: string;

  constructor(url: string) {
    const end = Date.now();
    this.url = url;
    this.batches = generate({ seed: 3, rows: 40_000, start: end - 3 * HOUR, end, batch: 250, passes: 8 });
  }

  /** Writes into every base table. @param rows of all of them together. */
  async fill(rows: number): Promise<void> {
    const connection = await openConnection({ url: this.url });
    try {
      while (sum(this.written) < rows) assert.ok(await this.next(connection), "there are as many rows");
    } finally {
      await connection.close();
    }
  }

  /** Works while rows come into every base table. @throws {Error} too when a writer is told what it does not foresee. */
  async meanwhile(work: () => Promise<unknown>): Promise<void> {
    const before = { ...this.written };
    const connection = await openConnection({ url: this.url });
    let isOver = false;
    const writing = (async () => {
      while (!isOver && (await this.next(connection))) await sleep(50);
    })();
    try {
      await Promise.race([work(), writing.then(() => new Promise(() => undefined))]);
    } finally {
      isOver = true;
      await writing.finally(() => connection.close());
    }
    for (const [table, rows] of Object.entries(this.written))
      assert.ok(rows > (before[table] ?? 0), `no rows came into ${table}`);
  }

  private async next(connection: Connection): Promise<boolean> {
    const { done, value } = this.batches.next();
    if (done) return false;
    await insert(connection, value.table, value.rows);
    this.written[value.table] = (this.written[value.table] ?? 0) + value.rows.length;
    return true;
  }
}

async function insert(connection: Connection, table: string, rows: readonly object[]): Promise<void> {
  for (;;) {
    try {
      return await connection.insert(table, rows);
    } catch (error) {
      if (!(error instanceof ServerError) || !FORESEEN.has(error.code)) throw error;
      await sleep(20);
    }
  }
}

/** Every row is there once, and every read view shows what the base tables hold. */
export async function assertTrue(url: string, rows: Readonly<Record<string, number>>): Promise<void> {
  const client = createClient({ url });
  try {
    for (const [table, expected] of Object.entries(rows)) {
      const answer = await client.query({
        query: `SELECT toString(count()) AS rows FROM ${table}`,
        format: "JSONEachRow",
      });
      assert.deepEqual(await answer.json(), [{ rows: String(expected) }], table);
    }
    await refreshDependencies(client);
    await compareAll(client);
  } finally {
    await client.close();
  }
}

/** `clickhouse-schema verify` of all there is. @throws {Error} with what it prints where it ends with another code than 0. */
export function verify(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [CLI, "verify", "--url", url], (error, stdout, stderr) => {
      const equal = (stdout.match(/ equal$/gm) ?? []).length;
      if (error === null && equal > 5) resolve();
      else reject(new Error(`verify found ${equal} targets equal:\n${stdout}${stderr}`));
    });
  });
}

function sum(rows: Readonly<Record<string, number>>): number {
  return Object.values(rows).reduce((total, one) => total + one, 0);
}
