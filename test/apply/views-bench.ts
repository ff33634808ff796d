/** One database with a view in it, for the tests of view steps. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { SchemaError } from "../../provider/src/errors";
import { freshDatabase, sharedServer } from "../support/server";
import { awaitRefreshOf, refresh } from "./refreshes";
import { Crash } from "./runs";
import { createView, VIEW_CASES, type ViewCase } from "./views-cases";

export const open = async (): Promise<Connection> =>
  openConnection({
    url: (await sharedServer()).url,
    username: process.env["CLICKHOUSE_USER"] ?? "default",
    password: process.env["CLICKHOUSE_PASSWORD"] ?? "",
  });

/** The case of a name. */
export function pick(name: string): ViewCase {
  const found = VIEW_CASES.find((candidate) => candidate.name === name);
  assert.ok(found);
  return found;
}

/** Dies before a statement. */
export function dyingBefore(pattern: RegExp): { beforeStatement: (sql: string) => void } {
  return {
    beforeStatement: (sql) => {
      if (pattern.test(sql)) throw new Crash(sql);
    },
  };
}

export async function refused(work: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof SchemaError, `a SchemaError is expected, it was: ${error}`);
    assert.match(error.message, message);
    return true;
  });
}

/** Runs an INSERT until no gate refuses it. */
export async function insertRetried(connection: Connection, sql: string): Promise<void> {
  for (;;) {
    const error = await connection.command(sql).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) return;
    if ((error as { code?: number }).code !== 469) throw error;
    await sleep(50);
  }
}

export class ViewBench {
  readonly connection: Connection;
  readonly database: string;

  constructor(connection: Connection, database: string) {
    this.connection = connection;
    this.database = database;
  }

  static async open(): Promise<ViewBench> {
    return new ViewBench(await open(), await freshDatabase(await sharedServer()));
  }

  async close(): Promise<void> {
    await this.connection.command(`DROP DATABASE ${this.database} SYNC`);
    await this.connection.close();
  }

  /** Starts again with a view. */
  async create(view: ViewCase): Promise<void> {
    await this.connection.command(`DROP DATABASE ${this.database} SYNC`);
    await this.connection.command(`CREATE DATABASE ${this.database}`);
    await createView(this.connection, this.database, view);
  }

  /** Runs a statement; `@` is the database. */
  run(sql: string): Promise<void> {
    return this.connection.command(sql.replaceAll("@", this.database));
  }

  /** The value named `x` of the only row. */
  async value(sql: string): Promise<string | undefined> {
    const rows = await this.connection.query<{ x: string }>(sql.replaceAll("@", this.database));
    return rows[0]?.x;
  }

  /** Inserts rows, half of them through the view before the table; refused ones again. */
  async insert(first: number, count: number): Promise<void> {
    for (const [table, from] of [
      ["t", first],
      ["u", first + count / 2],
    ] as const) {
      await this.retried(
        `INSERT INTO @.${table} (id, grp, v) SELECT number + ${from}, 1, 1 FROM numbers(${count / 2})`,
      );
    }
  }

  /** As {@link insertRetried}; `@` is the database. */
  retried(sql: string): Promise<void> {
    return insertRetried(this.connection, sql.replaceAll("@", this.database));
  }

  /** Waits for the rows of a refreshable view. */
  async settled(view: ViewCase): Promise<void> {
    if (!view.to.startsWith("REFRESH")) return;
    await awaitRefreshOf(this.connection, `${this.database}.v`);
    await this.refresh();
  }

  refresh(): Promise<void> {
    return refresh(this.connection, `${this.database}.v`);
  }

  /** Asserts that each of so many rows is there once. */
  async assertOnce(count: number, message?: string): Promise<void> {
    const rows = await this.connection.query(
      `SELECT count() AS count, min(n) AS least, max(n) AS most FROM (SELECT id, sum(c) AS n FROM ${this.database}.agg GROUP BY id)`,
    );
    assert.deepEqual(rows, [{ count: `${count}`, least: "1", most: "1" }], message);
  }

  statement(name: string): Promise<string | undefined> {
    return this.value(
      `SELECT formatQuery(create_table_query) AS x FROM system.tables WHERE database = '@' AND name = '${name}'`,
    );
  }

  /** What the server makes of the definition when the view is dropped and created. */
  async createdAnew(view: ViewCase): Promise<string | undefined> {
    await this.run("DROP VIEW @.v SYNC");
    await this.run(`CREATE MATERIALIZED VIEW @.v ${view.to}`);
    return this.statement("v");
  }

  /** Asserts that nothing of an operation is left but the tables named. */
  async assertClean(retired: readonly string[]): Promise<void> {
    const rows = await this.connection.query<{ name: string; s: string }>(
      `SELECT name, create_table_query AS s FROM system.tables WHERE database = '${this.database}'`,
    );
    const helpers = rows.filter(({ name }) => name.startsWith("v__") || name.startsWith("_tmp"));
    assert.deepEqual(
      helpers.map(({ name }) => name),
      retired,
    );
    for (const { s } of rows) assert.doesNotMatch(s, /_gate_|retry_schema_change|max_bytes_to_merge/);
  }
}
