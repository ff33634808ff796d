import type { Database, Table, View } from "pulumi-clickhouse-schema";

/** What a signal's file declares, for those who build on it. */
export interface DeclaredSignal {
  database: Database;
  /** The table whose rows feed the rollups: on a cluster, that of a shard. */
  base: Table;
  /** The table that writers insert into: on a cluster, that of all shards. */
  inserts: Table;
  /** The views that dashboards read. */
  reads: View[];
}
