import {
  count,
  type Database,
  derived,
  max,
  min,
  quantiles,
  Rollup,
  sum,
  Table,
  uniq,
  type View,
} from "pulumi-clickhouse-schema";
import { engineOf, onAllShards, spread } from "./cluster";
import type { ObsflyConfig } from "./config";
import { declareNodes } from "./nodes";
import { baseRetention, inheritedRetention, retentionColumn } from "./retention";
import type { DeclaredSignal } from "./signal";

/** The database `metrics`: the samples, any metric by hour, HTTP requests by minute, nodes by minute. */
export function declareMetrics(database: Database, config: ObsflyConfig): DeclaredSignal {
  const base = declareBase(database, config);
  const inserts = onAllShards("metrics_v1", database, base, config);
  return {
    database,
    base,
    inserts,
    reads: [
      declareHourly(database, base, config),
      declareServicePerformance(database, base, config),
      declareNodes(database, base, config),
    ],
  };
}

function declareBase(database: Database, config: ObsflyConfig): Table {
  return new Table("metrics_v1", {
    database,
    columns: {
      Timestamp: { type: "DateTime64(9, 'UTC')", codec: "Delta(8), ZSTD(1)" },
      AccountId: "UInt64",
      RetentionDays: retentionColumn("metrics", config),
      HostId: "LowCardinality(String)",
      HostName: "LowCardinality(String)",
      HostIP: "LowCardinality(String)",
      ServiceName: "LowCardinality(String)",
      Pod: "LowCardinality(String)",
      MetricName: "LowCardinality(String)",
      MetricType: "LowCardinality(String)",
      Value: { type: "Float64", codec: "ZSTD(1)" },
      Labels: { type: "Map(LowCardinality(String), String)", codec: "ZSTD(1)" },
      ResourceAttributes: { type: "Map(LowCardinality(String), String)", codec: "ZSTD(1)" },
      Bytes: { type: "UInt64", codec: "ZSTD(1)" },
    },
    orderBy: ["AccountId", "ServiceName", "MetricName", "Timestamp"],
    indexes: [{ name: "idx_metric", expression: "MetricName", type: "bloom_filter(0.01)" }],
    engine: engineOf("MergeTree", config),
    ...baseRetention,
  });
}

/**
 * Every metric by hour. A Prometheus stale marker is NaN, and one NaN would be the hour's sum, one infinity its maximum.
 * Such samples are counted apart (`invalid_count`) and kept out of the rest.
 */
function declareHourly(database: Database, base: Table, config: ObsflyConfig): View {
  const valid = "abs(Value) < 1e38";
  const hourly = new Rollup("metrics_hourly", {
    database,
    source: base,
    keys: ["AccountId", "ServiceName", "MetricName"],
    bucket: { name: "hour_bucket", every: "hour", time: "Timestamp" },
    measures: {
      sample_count: count({ if: valid }),
      invalid_count: count({ if: `NOT ${valid}` }),
      avg_value: derived("sum_value / sample_count"),
      sum_value: sum("Value", { if: valid }),
      min_value: min("Value", { if: valid }),
      max_value: max("Value", { if: valid }),
      value_sketch: quantiles({ p50_value: 0.5, p95_value: 0.95, p99_value: 0.99 }, "Value", { if: valid }),
      total_bytes: sum("Bytes"),
    },
    ...inheritedRetention(config),
    ...spread(config),
  });
  return hourly.read;
}

/**
 * Requests by service and minute, from a metric of which one row is one request and `Value` its seconds. (Were it the
 * cumulative counter that its name suggests, its rows would be scrapes: roll it up as nodes.ts does.)
 *
 * - Requests whose latency is no number, negative or infinite are counted (`invalid_count`), but in no latency.
 * - The status is text: 'ok' >= '400' holds and '4' does too, so it is matched, not compared. What is no HTTP status is
 *   neither a success nor an error (`unknown_count`).
 */
function declareServicePerformance(database: Database, base: Table, config: ObsflyConfig): View {
  const valid = "Value >= 0 AND Value < 1e38";
  const performance = new Rollup("service_performance", {
    database,
    // One row of the metric is one request here, whatever its name says.
    lint: { "counter-averaged": "off" },
    source: base,
    where: "MetricName = 'container_http_requests_duration_seconds_total'",
    keys: ["AccountId", "ServiceName"],
    bucket: { name: "time_bucket", every: "minute", time: "Timestamp" },
    measures: {
      unique_pods: uniq("Pod", { if: "Pod != ''" }),
      request_count: count(),
      invalid_count: count({ if: `NOT (${valid})` }),
      sum_latency: sum("Value", { if: valid }),
      avg_latency: derived("sum_latency / (request_count - invalid_count)"),
      latency_sketch: quantiles({ p95_latency: 0.95 }, "Value", { if: valid }),
      error_count: count({ if: "match(Labels['status'], '^[45][0-9][0-9]$')" }),
      unknown_count: count({ if: "NOT match(Labels['status'], '^[1-5][0-9][0-9]$')" }),
    },
    ...inheritedRetention(config),
    ...spread(config),
  });
  return performance.read;
}
