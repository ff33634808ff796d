import { setTimeout } from "node:timers/promises";
import { everywhere, readSettings } from "../clickhouse/cluster";
import type { Connection, QueryParams, Settings } from "../connection/connection";
import { ConnectionError } from "../connection/errors";
import { SchemaError } from "../errors";
import { quoteString } from "../sql/identifiers";
import { renderCreate } from "../sql/render";
import type { ObjectSpec } from "../sql/spec";
import { Postponed } from "./errors";

/** Hooks that a caller, or a test, may attach to the statements of an operation. */
export interface RunnerHooks {
  /** Called before every statement that changes something; if it throws, the operation ends there. */
  readonly beforeStatement?: (sql: string) => void | Promise<void>;
  /** Ends the operation before its next statement; it can be resumed. */
  readonly signal?: AbortSignal;
  /** Operations that do not block, because they will have ended by then: used by previews. */
  readonly ending?: ReadonlySet<string>;
  /** Longest time that inserts are refused in one go, in milliseconds; default 4000. Shorter times are for tests. */
  readonly gateLength?: number;
}

/** Interval for polling the server whether something has ended, in milliseconds. */
const POLL = 200;
/** Interval for reporting the progress of a copy, in milliseconds. */
const REPORT_EVERY = 1000;
/** How long statements of a dead runner may continue, in milliseconds. */
const LEFTOVER_LIMIT = 600_000;

/** The beginning of every statement of an operation. */
export const MARK = "/* schema-op ";

/** Runs the statements of one operation, each marked with its name, so that another runner finds what is still running. */
export class Runner {
  readonly connection: Connection;
  readonly operation: string;
  /** The only user who sees rows in the operation's working tables; undefined where they need no guard. See `guard.ts`. */
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

  /** Runs a statement for its effect. @param settings of this statement alone. */
  async run(sql: string, settings?: Settings): Promise<void> {
    await this.before(sql);
    if (settings === undefined) await this.connection.command(this.mark + sql);
    else await this.connection.query(this.mark + sql, {}, settings);
  }

  /** Runs a statement for its effect on the one server that the connection reaches, also where that is a cluster. */
  async runHere(sql: string, settings?: Settings): Promise<void> {
    await this.before(sql);
    const { here = this.connection } = this.connection;
    if (settings === undefined) await here.command(this.mark + sql);
    else await here.query(this.mark + sql, {}, settings);
  }

  /** Creates an object, as the server would print it. */
  create(spec: ObjectSpec): Promise<void> {
    return this.run(renderCreate(spec, this.connection.capabilities));
  }

  /**
   * Runs a copy that may outlast the request timeout or the connection: in that case it is awaited on the server. The caller has to find
   * out by counting whether it succeeded.
   *
   * @param whileRunning called once a second to report progress.
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

  /** Runs a statement by `work`, and reports once a second how many rows it has read or written. */
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

  /** Rows of a query. */
  rows<Row extends object>(sql: string, params?: QueryParams): Promise<Row[]> {
    this.throwIfAborted();
    return this.connection.query<Row>(sql, params);
  }

  /** As {@link rows}: what `clickhouse/catalog.ts` calls. */
  query<Row extends object>(sql: string, params?: QueryParams): Promise<Row[]> {
    return this.rows(sql, params);
  }

  /** Rows of a query that may take long. @param whileRunning called once a second with the rows that it has read. */
  async rowsOfLong<Row extends object>(sql: string, whileRunning?: (read: number) => void): Promise<Row[]> {
    this.throwIfAborted();
    let rows: Row[] = [];
    await this.watched(sql, "read_rows", whileRunning, async () => {
      rows = await this.connection.query<Row>(this.mark + sql);
    });
    return rows;
  }

  /** The only row of a query. */
  async one<Row extends object>(sql: string): Promise<Row> {
    const [row] = await this.rows<Row>(sql);
    if (row === undefined) throw new SchemaError("internal", `The server returned no row: ${sql}`);
    return row;
  }

  /** The server's clock in milliseconds. */
  async now(): Promise<number> {
    return Number((await this.one<{ now: string }>("SELECT toUnixTimestamp64Milli(now64(3)) AS now")).now);
  }

  /**
   * Ends what a dead runner left running: a copy is killed, anything else is awaited. Without this, an EXCHANGE that is still running could
   * be followed by a second one.
   */
  async endLeftovers(): Promise<void> {
    const { cluster, here = this.connection } = this.connection;
    const found = (): Promise<{ id: string; kind: string }[]> =>
      this.rows(
        `SELECT query_id AS id, query_kind AS kind FROM ${everywhere("processes", cluster)} WHERE startsWith(query, ${quoteString(this.mark)})${readSettings(cluster)}`,
      );
    const limit = Date.now() + LEFTOVER_LIMIT;
    for (let left = await found(); left.length > 0; left = await found()) {
      for (const { id } of left.filter(({ kind }) => kind === "Insert")) {
        // Without the privilege to kill, the copy is awaited like the rest.
        await here.command(`KILL QUERY WHERE query_id = ${quoteString(id)} ASYNC`).catch(() => undefined);
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

  /** @throws when the caller has requested a stop. */
  throwIfAborted(): void {
    if (this.hooks.signal?.aborted) {
      throw new Postponed(`Operation ${this.operation}: stopped on request; the next run resumes it.`, {
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

  /** Rows that a running statement has read or written; undefined when it is no longer running. */
  private async processed(sql: string, column: string): Promise<number | undefined> {
    // The beginning of the statement names the helper table, which nobody else writes to.
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
