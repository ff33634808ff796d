import { MaterializedView, sql, Table, View } from "pulumi-clickhouse-schema";
import { type ObsflyConfig, type Signal, signals } from "./config";
import type { DeclaredSignal } from "./signal";

/**
 * `metrics.data_ingestion`: rows and bytes by account, signal and day. A view runs on inserts into one table only, so
 * each signal has a view of its own, and all four feed the one target.
 *
 * Usage is accounting, not telemetry: it does not follow the account's plan, or an invoice could not be explained after
 * a week. Every row stays as long, so whole months are dropped.
 */
export function declareIngestion(declared: Record<Signal, DeclaredSignal>, config: ObsflyConfig): { reads: View[] } {
  const database = declared.metrics.database;
  const target = new Table("data_ingestion", {
    database,
    columns: {
      AccountId: "UInt64",
      data_type: "LowCardinality(String)",
      day_bucket: { type: "Date", comment: "Day in UTC" },
      record_count: "SimpleAggregateFunction(sum, UInt64)",
      total_bytes: "SimpleAggregateFunction(sum, UInt64)",
    },
    engine: "AggregatingMergeTree",
    partitionBy: "toYYYYMM(day_bucket)",
    orderBy: ["AccountId", "data_type", "day_bucket"],
    ttl: `day_bucket + toIntervalDay(${config.usageRetentionDays})`,
    settings: { ttl_only_drop_parts: 1 },
  });

  for (const signal of signals) {
    new MaterializedView(`${signal}.data_ingestion_mv`, {
      database: declared[signal].database,
      name: "data_ingestion_mv",
      to: target,
      query: sql`
        SELECT AccountId, '${signal}' AS data_type, toDate(Timestamp) AS day_bucket,
               count() AS record_count,
               sum(Bytes) AS total_bytes
        FROM ${declared[signal].base}
        GROUP BY AccountId, day_bucket`,
    });
  }

  const read = new View("data_ingestion_read", {
    database,
    query: sql`
      SELECT AccountId, data_type, day_bucket,
             sum(d.record_count) AS record_count,
             sum(d.total_bytes) AS total_bytes
      FROM ${target} AS d
      GROUP BY AccountId, data_type, day_bucket`,
  });
  return { reads: [read] };
}
