/** One database for the tests of backfills that are about one thing each. */
import { createWithBackfill } from "../../provider/src/apply/backfill/index";
import type { BackfillOptions, BackfillResult } from "../../provider/src/apply/backfill/options";
import type { Connection } from "../../provider/src/connection/connection";
import { freshDatabase, sharedServer } from "../support/server";
import { skipSelfTest } from "./tables";
import { open } from "./views-bench";

export class BackfillBench {
  readonly connection: Connection;
  readonly database: string;

  private constructor(connection: Connection, database: string) {
    this.connection = connection;
    this.database = database;
  }

  /** A database with a source of 100 rows, 10 an hour, and an empty target of hours. */
  static async open(): Promise<BackfillBench> {
    const bench = new BackfillBench(await open(), await freshDatabase(await sharedServer()));
    await skipSelfTest(bench.connection, bench.database);
    await bench.run(
      "CREATE TABLE @.t (ts DateTime('UTC'), k UInt8, v Int64) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY ts",
    );
    await bench.run(
      "CREATE TABLE @.hourly (hour DateTime('UTC'), k UInt8, n SimpleAggregateFunction(sum, UInt64), s SimpleAggregateFunction(sum, Int64)) ENGINE = AggregatingMergeTree ORDER BY (k, hour)",
    );
    await bench.insert(0, 100);
    return bench;
  }

  async close(): Promise<void> {
    await this.connection.command(`DROP DATABASE ${this.database} SYNC`);
    await this.connection.close();
  }

  /** Inserts rows, ten an hour from the first of January 2024 on. */
  insert(first: number, count: number, table = "t"): Promise<void> {
    return this.run(
      `INSERT INTO @.${table} (ts, k, v) SELECT toDateTime('2024-01-01 00:00:00', 'UTC') + 360 * n, n % 2, 1 FROM (SELECT number + ${first} AS n FROM numbers(${count}))`,
    );
  }

  /** Runs a statement; `@` is the database. */
  run(sql: string): Promise<void> {
    return this.connection.command(sql.replaceAll("@", this.database));
  }

  /** The value named `x` of the only row. */
  async value(sql: string): Promise<string | undefined> {
    return (await this.connection.query<{ x: string }>(sql.replaceAll("@", this.database)))[0]?.x;
  }

  /** Rows that the target knows of, by hour: `0:10 1:10`. */
  async hours(table = "hourly"): Promise<string> {
    const hour = "dateDiff('hour', toDateTime('2024-01-01 00:00:00', 'UTC'), hour)";
    const list = `arrayStringConcat(groupArray(concat(toString(h), ':', toString(c))), ' ')`;
    return (
      (await this.value(
        `SELECT ${list} AS x FROM (SELECT ${hour} AS h, sum(n) AS c FROM @.${table} GROUP BY h ORDER BY h)`,
      )) ?? ""
    );
  }

  /** The statement of a view from a table to hours. */
  view(name = "mv", source = "t"): string {
    return `CREATE MATERIALIZED VIEW @.${name} TO @.hourly AS SELECT toStartOfHour(ts) AS hour, k, count() AS n, sum(v) AS s FROM @.${source} GROUP BY hour, k`.replaceAll(
      "@",
      this.database,
    );
  }

  create(options: BackfillOptions = {}, ...statements: readonly string[]): Promise<BackfillResult> {
    const texts = statements.length === 0 ? [this.view()] : statements;
    return createWithBackfill(
      this.connection,
      texts.map((text) => text.replaceAll("@", this.database)),
      options,
    );
  }

  /** Names of what is in the database, without journal. */
  async names(): Promise<string[]> {
    const rows = await this.connection.query<{ name: string }>(
      `SELECT name FROM system.tables WHERE database = '${this.database}' AND NOT startsWith(name, '_') ORDER BY name`,
    );
    return rows.map(({ name }) => name);
  }
}
