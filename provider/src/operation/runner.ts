import { setTimeout } from "node:timers/promises";
import type { Connection } from "../connection/connection";
import { ConnectionError } from "../connection/errors";
import { SchemaError } from "../errors";
import { quoteString } from "../sql/identifiers";
import { renderCreate } from "../sql/render";
import type { ObjectSpec } from "../sql/spec";
import { Postponed } from "./errors";

/** What a caller, or a test, may hang on the statements of an operation. */
export interface RunnerHooks {
  /** Called before every statement that changes something; what it throws ends the operation there. */
  readonly beforeStatement?: (sql: string) => void | Promise<void>;
  /** Ends the operation before its next statement; it can be resumed. */
  readonly signal?: AbortSignal;
  /** Operations that stand in nobody's way, because they will have ended by then: a preview's. */
  readonly ending?: ReadonlySet<string>;
  /** Longest time that inserts are refused at once, in milliseconds; 4000 unless given. Shorter ones are for tests. */
  readonly gateLength?: number;
}

/** How often the server is asked whether something has ended, in milliseconds. */
const POLL = 200;
/** How often a caller is told how far a copy is, in milliseconds. */
const REPORT_EVERY = 1000;
/** How long statements of a runner that died may go on, in milliseconds. */
const LEFTOVER_LIMIT = 600_000;

/** How every statement of an operation begins. */
export const MARK = "/* schema-op ";

/** Runs the statements of one operation, each marked with the operation, so that another runner finds what is still running. */
export class Runner {
  readonly connection: Connection;
  readonly operation: string;
  /** The user who alone sees rows in the operation's working tables; undefined where they need no guard. See `guard.ts`. */
  guardedBy: string | undefined;
  private readonly hooks: RunnerHooks;
  private readonly mark: string;

  constructor(connection: Connection, operation: string, hooks: RunnerHooks = {}) {
    this.connection = connection;
    this.operation = operation;
    this.hooks = hooks;
    this.mark = `${MARK}${operation} */ `;
  }

  get gateLength(): number | undefined {
    return this.hooks.gateLength;
  }

  /** Whether another operation will have ended before this one begins. */
  isEnding(operation: string): boolean {
    return this.hooks.ending?.has(operation) === true;
  }

  /** Runs a statement for its effect. */
  async run(sql: string): Promise<void> {
    await this.before(sql);
    await this.connection.command(this.mark + sql);
  }

  /** Creates an object, in the server's own words. */
  create(spec: ObjectSpec): Promise<void> {
    return this.run(renderCreate(spec, this.connection.capabilities));
  }

  /**
   * Runs a copy that may outlast the request timeout or the connection: then it is waited for on the server. Whether it
   * succeeded is for the caller to find out by counting.
   *
   * @param whileRunning asked once a second for progress.
   */
  async runLong(sql: string, whileRunning?: (written: number) => void): Promise<void> {
    await this.before(sql);
    await this.watched(sql, "written_rows", whileRunning, async () => {
      try {
        await this.connection.command(this.mark + sql);
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
        await this.waitForEnd(sql);
      }
    });
  }

  /** Runs a statement by `work`, and tells once a second how many rows it has read or written. */
  async watched(
    sql: string,
    rows: "read_rows" | "written_rows",
    tell: ((rows: number) => void) | undefined,
    work: () => Promise<void>,
  ): Promise<void> {
    const over = new AbortController();
    const reporting = tell === undefined ? undefined : this.report(sql, rows, over.signal, tell);
    try {
      await work();
    } finally {
      over.abort();
      await reporting;
    }
  }

  /** Rows of a question. */
  rows<Row extends object>(sql: string): Promise<Row[]> {
    this.throwIfAborted();
    return this.connection.query<Row>(sql);
  }

  /** The only row of a question. */
  async one<Row extends object>(sql: string): Promise<Row> {
    const [row] = await this.rows<Row>(sql);
    if (row === undefined) throw new SchemaError(`The server answered with no row: ${sql}`);
    return row;
  }

  /** The server's clock in milliseconds. */
  async now(): Promise<number> {
    return Number((await this.one<{ now: string }>("SELECT toUnixTimestamp64Milli(now64(3)) AS now")).now);
  }

  /**
   * Ends what a runner that died has left running: a copy is stopped, anything else is waited for. Without this an EXCHANGE
   * still under way could be followed by a second one.
   */
  async endLeftovers(): Promise<void> {
    const found = (): Promise<{ id: string; kind: string }[]> =>
      this.rows(
        `SELECT query_id AS id, query_kind AS kind FROM system.processes WHERE startsWith(query, ${quoteString(this.mark)})`,
      );
    const limit = Date.now() + LEFTOVER_LIMIT;
    for (let left = await found(); left.length > 0; left = await found()) {
      for (const { id } of left.filter(({ kind }) => kind === "Insert")) {
        // Without the right to kill, the copy is waited for like the rest.
        await this.connection.command(`KILL QUERY WHERE query_id = ${quoteString(id)} ASYNC`).catch(() => undefined);
      }
      if (Date.now() > limit) {
        throw new Postponed(
          `Operation ${this.operation}: statements of an earlier run are still running after ${LEFTOVER_LIMIT / 1000} s ` +
            `(query_id ${left.map(({ id }) => id).join(", ")}); wait for them or kill them, then run again.`,
        );
      }
      await pause(POLL);
    }
  }

  /** @throws when the caller has asked to stop. */
  throwIfAborted(): void {
    if (this.hooks.signal?.aborted) {
      throw new Postponed(`Operation ${this.operation}: stopped on request; it goes on where it is on the next run.`, {
        cause: this.hooks.signal.reason,
      });
    }
  }

  private async before(sql: string): Promise<void> {
    this.throwIfAborted();
    await this.hooks.beforeStatement?.(sql);
  }

  private async waitForEnd(sql: string): Promise<void> {
    while ((await this.processed(sql, "written_rows")) !== undefined) {
      this.throwIfAborted();
      await pause(1000);
    }
  }

  private async report(sql: string, column: string, over: AbortSignal, tell: (rows: number) => void): Promise<void> {
    while (await pause(REPORT_EVERY, over)) {
      const rows = await this.processed(sql, column).catch(() => undefined);
      if (rows !== undefined && !over.aborted) tell(rows);
    }
  }

  /** Rows that a running statement has read or written; undefined when it runs no more. */
  private async processed(sql: string, column: string): Promise<number | undefined> {
    // The head of the statement names the helper table, which nobody else writes.
    const head = quoteString((this.mark + sql).slice(0, 400));
    const [row] = await this.connection.query<{ processed: string }>(
      `SELECT toString(${column}) AS processed FROM system.processes WHERE startsWith(query, ${head})`,
    );
    return row === undefined ? undefined : Number(row.processed);
  }
}

/**
 * Waits.
 *
 * @param milliseconds how long.
 * @param over ends the wait early.
 * @returns false when it was ended early.
 */
export function pause(milliseconds: number, over?: AbortSignal): Promise<boolean> {
  return setTimeout(milliseconds, true, over === undefined ? {} : { signal: over }).catch(() => false);
}
