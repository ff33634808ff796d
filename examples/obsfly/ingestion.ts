import { count, Rollup, sum, type View } from "pulumi-clickhouse-schema";
import { spread } from "./cluster";
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
  const sources = signals.map((signal) => [
    signal,
    {
      source: declared[signal].base,
      keys: { data_type: `toLowCardinality('${signal}')` },
      database: declared[signal].database,
      viewName: "data_ingestion_mv",
    },
  ]);
  const ingestion = new Rollup("data_ingestion", {
    database: declared.metrics.database,
    sources: Object.fromEntries(sources),
    keys: ["AccountId", "data_type"],
    bucket: { name: "day_bucket", every: "day", time: "Timestamp" },
    measures: { record_count: count(), total_bytes: sum("Bytes") },
    ttl: `${config.usageRetentionDays} days`,
    settings: { ttl_only_drop_parts: 1 },
    comment: "Days in UTC",
    ...spread(config),
  });
  return { reads: [ingestion.read] };
}
