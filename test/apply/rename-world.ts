/** Two databases with a table among views, and everything else that can name it. */
import assert from "node:assert/strict";
import { type RenameOptions, type RenameResult, renameObject } from "../../provider/src/apply/rename/index";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { SchemaError } from "../../provider/src/errors";
import { freshDatabase, sharedServer } from "../support/server";
import { Crash, inWordsOf } from "./runs";

/** Hooks under which a runner dies before the first statement that looks so. */
export function dying(pattern: RegExp): Pick<RenameOptions, "beforeStatement"> {
  return {
    beforeStatement: (sql) => {
      if (pattern.test(sql)) throw new Crash(sql);
    },
  };
}

/** Checks that it is refused, with these words. */
export function refused(promise: Promise<unknown>, ...patterns: readonly RegExp[]): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(error instanceof SchemaError, String(error));
    for (const pattern of patterns) assert.match(error.message, pattern);
    return true;
  });
}

/** The databases of one test: `d` has the tables, `o` is another one. */
export class World {
  connection: Connection;
  readonly d: string;
  readonly o: string;

  constructor(connection: Connection, d: string, o: string) {
    this.connection = connection;
    this.d = d;
    this.o = o;
  }

  static async open(): Promise<World> {
    const server = await sharedServer();
    const connection = await openConnection({
      url: server.url,
      username: process.env["CLICKHOUSE_USER"] ?? "default",
      password: process.env["CLICKHOUSE_PASSWORD"] ?? "",
    });
    return new World(connection, await freshDatabase(server), await freshDatabase(server));
  }

  async close(): Promise<void> {
    for (const name of [this.d, `${this.d}_2`, this.o]) {
      await this.run(`DROP DATABASE IF EXISTS ${name} SYNC SETTINGS check_table_dependencies = 0`);
    }
    await this.connection.close();
  }

  async run(...statements: readonly string[]): Promise<void> {
    for (const sql of statements) await this.connection.command(inWordsOf(this.connection, sql));
  }

  /** The values of a column, sorted. */
  async values(table: string, value = "a"): Promise<string> {
    const sql = `SELECT arrayStringConcat(arraySort(groupArray(toString(${value}))), ',') AS list FROM ${table}`;
    return (await this.connection.query<{ list: string }>(sql))[0]?.list ?? "";
  }

  /** Every definition in the three databases, by name; without the journal and inner tables. */
  async definitions(): Promise<Record<string, string>> {
    const { d, o } = this;
    const rows = await this.connection.query<{ object: string; statement: string }>(
      "SELECT concat(database, '.', name) AS object, create_table_query AS statement FROM system.tables " +
        `WHERE database IN ('${d}', '${d}_2', '${o}') AND name NOT IN ('_schema_ops') AND NOT startsWith(name, '.') ORDER BY 1`,
    );
    return Object.fromEntries(rows.map(({ object, statement }) => [object, statement]));
  }

  /** Renames by names as they are written; as operation `op1`. */
  async rename(
    object: RenameOptions["object"],
    from: string,
    to: string,
    more: Partial<RenameOptions> = {},
  ): Promise<RenameResult> {
    const [one, two] = [from, to].map((text) => {
      const [database = "", name] = text.split(".");
      return name === undefined ? { database } : { database, name };
    });
    assert.ok(one && two);
    return renameObject(this.connection, { object, from: one, to: two, operation: "op1", ...more });
  }

  /** `u` → view → `t` → views → `agg` and an inner table; and what else names `t`. */
  async tables(): Promise<void> {
    const { d, o } = this;
    await this.run(
      `CREATE TABLE ${d}.t (a UInt64, s String) ENGINE = MergeTree ORDER BY a`,
      `CREATE TABLE ${d}.u (a UInt64, s String) ENGINE = MergeTree ORDER BY a`,
      `CREATE TABLE ${d}.agg (a UInt64, c UInt64) ENGINE = SummingMergeTree ORDER BY a`,
      `CREATE TABLE ${o}.day (a UInt64) ENGINE = MergeTree ORDER BY a`,
      `CREATE MATERIALIZED VIEW ${d}.enters TO ${d}.t (a UInt64, s String COMMENT 'kept') COMMENT 'in' AS SELECT a, s FROM ${d}.u`,
      `CREATE MATERIALIZED VIEW ${d}.leaves TO ${d}.agg (a UInt64, c UInt32 COMMENT 'narrow') COMMENT 'out' AS SELECT a, count() AS c FROM ${d}.t GROUP BY a`,
      `CREATE MATERIALIZED VIEW ${d}.inner (a UInt64 CODEC(ZSTD(1)), c UInt64) ENGINE = SummingMergeTree ORDER BY a COMMENT 'in it' AS SELECT a, count() AS c FROM ${d}.t GROUP BY a`,
      `CREATE MATERIALIZED VIEW ${o}.daily REFRESH EVERY 1 DAY TO ${o}.day AS SELECT a FROM ${d}.t`,
      `CREATE VIEW ${o}.shows DEFINER = default SQL SECURITY DEFINER AS SELECT ${d}.t.a, 'from ${d}' AS x FROM ${d}.t WHERE a IN (SELECT a FROM ${d}.agg) COMMENT 'reads ${d}'`,
      `CREATE VIEW ${d}.second AS SELECT a FROM ${o}.shows`,
      `CREATE DICTIONARY ${d}.dict (a UInt64, s String) PRIMARY KEY a SOURCE(CLICKHOUSE(DB '${d}' TABLE 't')) LIFETIME(0) LAYOUT(HASHED())`,
      `CREATE TABLE ${o}.uses (a UInt64, s String DEFAULT dictGet('${d}.dict', 's', a)) ENGINE = MergeTree ORDER BY a`,
      `INSERT INTO ${d}.u VALUES (1, 'one')`,
    );
  }
}
