/** A source, a target and the view between them, in a database of their own. */
import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { type TargetReport, type VerifyOptions, verify } from "../../provider/src/verify/index";
import { freshDatabase, sharedServer } from "../support/server";

/** Columns of every source. `id` counts the rows. */
export const SOURCE =
  "(ts DateTime64(3, 'UTC'), id UInt64, k LowCardinality(String), v Int64, f Float64, n Nullable(Int32), r UInt16)";

export class Bench {
  readonly connection: Connection;
  readonly database: string;

  private constructor(connection: Connection, database: string) {
    this.connection = connection;
    this.database = database;
  }

  static async open(): Promise<Bench> {
    const server = await sharedServer();
    return new Bench(await openConnection({ url: server.url }), await freshDatabase(server));
  }

  async close(): Promise<void> {
    await this.connection.command(`DROP DATABASE ${this.database} SYNC`);
    await this.connection.close();
  }

  /** Runs statements in which `@` is the database. */
  async run(...statements: readonly string[]): Promise<void> {
    for (const sql of statements) await this.connection.command(sql.replaceAll("@", this.database));
  }

  async rows<Row extends object>(sql: string): Promise<Row[]> {
    return this.connection.query<Row>(sql.replaceAll("@", this.database));
  }

  /** Makes `s`, `t` and `mv`. */
  async create(
    columns: string,
    storage: string,
    select: string,
    source = "ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (k, ts)",
  ): Promise<void> {
    await this.run(
      `CREATE TABLE @.s ${SOURCE} ${source}`,
      `CREATE TABLE @.t ${columns} ${storage}`,
      `CREATE MATERIALIZED VIEW @.mv TO @.t AS ${select}`,
    );
  }

  /** Inserts rows spread over four days, some of them late. */
  async insert(first: number, count: number, start = "2026-03-01", table = "s"): Promise<void> {
    await this.run(
      `INSERT INTO @.${table} SELECT toDateTime64('${start} 00:00:00', 3, 'UTC') + toIntervalMinute(cityHash64(number) % 5760), number AS id, ` +
        `concat('k', toString(number % 5)), toInt64(cityHash64(number, 'v') % 2000) - 1000, (cityHash64(number, 'f') % 1000003) / 977, ` +
        `if(number % 7 = 0, NULL, number % 50), 30 FROM numbers(${first}, ${count}) SETTINGS max_partitions_per_insert_block = 0`,
    );
  }

  /** The report of `t`, or of another target. */
  async verify(options: VerifyOptions = {}, target = "t"): Promise<TargetReport> {
    const reports = await verify(this.connection, { databases: [this.database], ...options });
    const report = reports.find((one) => one.target === `${this.database}.${target}`);
    assert.ok(report, `no report of ${target}: ${reports.map((one) => one.target).join(", ")}`);
    return report;
  }
}
