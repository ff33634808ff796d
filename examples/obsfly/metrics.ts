import { type Database, MaterializedView, sql, Table, View } from "pulumi-clickhouse-schema";
import type { ObsflyConfig } from "./config";
import { declareNodes } from "./nodes";
import { baseRetention, retentionColumn, rollupRetention } from "./retention";
import type { DeclaredSignal } from "./signal";

/** The database `metrics`: the samples, any metric by hour, HTTP requests by minute, nodes by minute. */
export function declareMetrics(database: Database, config: ObsflyConfig): DeclaredSignal {
  const base = declareBase(database, config);
  return {
    database,
    base,
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
    ...baseRetention,
  });
}

/**
 * Every metric by hour. A Prometheus stale marker is NaN, and one NaN would be the hour's sum, one infinity its maximum.
 * Such samples are counted apart (`invalid_count`) and kept out of the rest.
 */
function declareHourly(database: Database, base: Table, config: ObsflyConfig): View {
  const target = new Table("metrics_hourly", {
    database,
    columns: {
      AccountId: "UInt64",
      ServiceName: "LowCardinality(String)",
      MetricName: "LowCardinality(String)",
      hour_bucket: "DateTime('UTC')",
      RetentionDays: "UInt16",
      sample_count: "SimpleAggregateFunction(sum, UInt64)",
      invalid_count: "SimpleAggregateFunction(sum, UInt64)",
      sum_value: "SimpleAggregateFunction(sum, Float64)",
      // Nullable: without it an insert of stale markers alone would bring in a minimum of 0.
      min_value: "SimpleAggregateFunction(min, Nullable(Float64))",
      max_value: "SimpleAggregateFunction(max, Nullable(Float64))",
      // Counts by value cut to 8 bits: counts add up, so merged states equal the state over all samples; the quantile is
      // up to 0.8 % low. (quantilesDD(0.01) is no better: below 1 it is 1 to 3 % high, and an infinite value throws.)
      value_sketch: "AggregateFunction(quantilesBFloat16(0.5, 0.95, 0.99), Float64)",
      total_bytes: "SimpleAggregateFunction(sum, UInt64)",
    },
    engine: "AggregatingMergeTree",
    orderBy: ["AccountId", "ServiceName", "MetricName", "hour_bucket", "RetentionDays"],
    ...rollupRetention("hour_bucket", "hour", config),
  });

  new MaterializedView("metrics_hourly_mv", {
    database,
    to: target,
    query: sql`
      WITH abs(Value) < 1e38 AS valid
      SELECT AccountId, ServiceName, MetricName, toStartOfHour(Timestamp) AS hour_bucket, RetentionDays,
             countIf(valid) AS sample_count,
             countIf(NOT valid) AS invalid_count,
             sumIf(Value, valid) AS sum_value,
             minOrNullIf(Value, valid) AS min_value,
             maxOrNullIf(Value, valid) AS max_value,
             quantilesBFloat16StateIf(0.5, 0.95, 0.99)(Value, valid) AS value_sketch,
             sum(Bytes) AS total_bytes
      FROM ${base}
      GROUP BY AccountId, ServiceName, MetricName, hour_bucket, RetentionDays`,
  });

  return new View("metrics_hourly_read", {
    database,
    query: sql`
      SELECT AccountId, ServiceName, MetricName, hour_bucket,
             sum(m.sample_count) AS sample_count,
             sum(m.invalid_count) AS invalid_count,
             sum(m.sum_value) / sum(m.sample_count) AS avg_value,
             min(m.min_value) AS min_value,
             max(m.max_value) AS max_value,
             sum(m.sum_value) AS sum_value,
             quantilesBFloat16Merge(0.5, 0.95, 0.99)(m.value_sketch)[1] AS p50_value,
             quantilesBFloat16Merge(0.5, 0.95, 0.99)(m.value_sketch)[2] AS p95_value,
             quantilesBFloat16Merge(0.5, 0.95, 0.99)(m.value_sketch)[3] AS p99_value,
             sum(m.total_bytes) AS total_bytes
      FROM ${target} AS m
      GROUP BY AccountId, ServiceName, MetricName, hour_bucket`,
  });
}

/**
 * Requests by service and minute, from a metric of which one row is one request and `Value` its seconds. (Were it the
 * cumulative counter that its name suggests, its rows would be scrapes: roll it up as nodes.ts does.)
 */
function declareServicePerformance(database: Database, base: Table, config: ObsflyConfig): View {
  const target = new Table("service_performance", {
    database,
    columns: {
      AccountId: "UInt64",
      ServiceName: "LowCardinality(String)",
      time_bucket: "DateTime('UTC')",
      RetentionDays: "UInt16",
      pods: "AggregateFunction(uniqCombined64, String)",
      request_count: "SimpleAggregateFunction(sum, UInt64)",
      // Requests whose latency is no number, negative or infinite: counted, but in no latency.
      invalid_count: "SimpleAggregateFunction(sum, UInt64)",
      sum_latency: "SimpleAggregateFunction(sum, Float64)",
      latency_sketch: "AggregateFunction(quantilesBFloat16(0.95), Float64)",
      error_count: "SimpleAggregateFunction(sum, UInt64)",
      // Requests whose status is no HTTP status: neither a success nor an error.
      unknown_count: "SimpleAggregateFunction(sum, UInt64)",
    },
    engine: "AggregatingMergeTree",
    orderBy: ["AccountId", "ServiceName", "time_bucket", "RetentionDays"],
    ...rollupRetention("time_bucket", "minute", config),
  });

  // The status is text: 'ok' >= '400' holds and '4' does too, so it is matched, not compared.
  new MaterializedView("service_performance_mv", {
    database,
    to: target,
    // One row of the metric is one request here, whatever its name says.
    lint: { "counter-averaged": "off" },
    query: sql`
      WITH Value >= 0 AND Value < 1e38 AS valid,
           Labels['status'] AS status
      SELECT AccountId, ServiceName, toStartOfMinute(Timestamp) AS time_bucket, RetentionDays,
             uniqCombined64StateIf(toString(Pod), Pod != '') AS pods,
             count() AS request_count,
             countIf(NOT valid) AS invalid_count,
             sumIf(Value, valid) AS sum_latency,
             quantilesBFloat16StateIf(0.95)(Value, valid) AS latency_sketch,
             countIf(match(status, '^[45][0-9][0-9]$')) AS error_count,
             countIf(NOT match(status, '^[1-5][0-9][0-9]$')) AS unknown_count
      FROM ${base}
      WHERE MetricName = 'container_http_requests_duration_seconds_total'
      GROUP BY AccountId, ServiceName, time_bucket, RetentionDays`,
  });

  return new View("service_performance_read", {
    database,
    query: sql`
      SELECT AccountId, ServiceName, time_bucket,
             uniqCombined64Merge(p.pods) AS unique_pods,
             sum(p.request_count) AS request_count,
             sum(p.invalid_count) AS invalid_count,
             sum(p.sum_latency) / (sum(p.request_count) - sum(p.invalid_count)) AS avg_latency,
             quantilesBFloat16Merge(0.95)(p.latency_sketch)[1] AS p95_latency,
             sum(p.error_count) AS error_count,
             sum(p.unknown_count) AS unknown_count
      FROM ${target} AS p
      GROUP BY AccountId, ServiceName, time_bucket`,
  });
}
