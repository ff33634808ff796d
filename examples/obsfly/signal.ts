import type { Database, Table, View } from "pulumi-clickhouse-schema";

/** What a signal's file declares, for those who build on it. */
export interface DeclaredSignal {
  database: Database;
  /** The table that writers insert into. */
  base: Table;
  /** The views that dashboards read. */
  reads: View[];
}
