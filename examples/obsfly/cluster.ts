import { type Database, sql, Table } from "pulumi-clickhouse-schema";
import type { ObsflyConfig } from "./config";

/*
 * On a cluster, rows are spread over the shards by account, and each shard's replicas have the same rows:
 *   logs_v1          the table of a shard: views run on inserts into it, on the replica that gets them
 *   logs_v1_all      all shards: writers insert into it, and an account's rows go to one shard
 *   log_volume_all   a rollup on all shards, which log_volume_read reads
 */

/** The engine of a table that keeps rows. */
export function engineOf(engine: `${string}MergeTree${string}`, { cluster }: ObsflyConfig): string {
  return cluster === undefined ? engine : `Replicated${engine}`;
}

/** Of a `Rollup`. */
export function spread({ cluster }: ObsflyConfig): { engine?: string; distributed?: string } {
  return cluster === undefined ? {} : { engine: "ReplicatedAggregatingMergeTree", distributed: cluster };
}

/** The table's rows on all shards, to read and to insert: an account's rows are on one shard. Without a cluster, the table itself. */
export function onAllShards(name: string, database: Database, table: Table, { cluster }: ObsflyConfig): Table {
  if (cluster === undefined) return table;
  return new Table(`${name}_all`, {
    database,
    columnsFrom: sql`SELECT * FROM ${table}`,
    engine: sql`Distributed('${cluster}', '${database.name}', '${table.name}', cityHash64(AccountId))`,
  });
}
