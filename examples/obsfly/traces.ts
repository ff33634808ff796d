import { type Database, MaterializedView, sql, Table, View } from "pulumi-clickhouse-schema";
import type { ObsflyConfig } from "./config";
import { declareDependencies } from "./dependencies";
import { baseRetention, retentionColumn, rollupRetention } from "./retention";
import type { DeclaredSignal } from "./signal";

/** The database `traces`: the spans, their latency by minute, and the map of who calls whom. */
export function declareTraces(database: Database, config: ObsflyConfig): DeclaredSignal {
  const base = declareBase(database, config);
  return {
    database,
    base,
    reads: [declareLatency(database, base, config), declareDependencies(database, base, config)],
  };
}

function declareBase(database: Database, config: ObsflyConfig): Table {
  return new Table("traces_v1", {
    database,
    columns: {
      Timestamp: { type: "DateTime64(9, 'UTC')", codec: "Delta(8), ZSTD(1)" },
      AccountId: "UInt64",
      RetentionDays: retentionColumn("traces", config),
      TraceId: { type: "String", codec: "ZSTD(1)" },
      SpanId: { type: "String", codec: "ZSTD(1)" },
      ParentSpanId: { type: "String", codec: "ZSTD(1)" },
      ServiceName: "LowCardinality(String)",
      Name: "LowCardinality(String)",
      Kind: { type: "UInt8", comment: "OTLP: 1 internal, 2 server, 3 client, 4 producer, 5 consumer" },
      StartTimeUnixNano: { type: "UInt64", codec: "Delta(8), ZSTD(1)" },
      EndTimeUnixNano: { type: "UInt64", codec: "Delta(8), ZSTD(1)", comment: "0 while the span is open" },
      StatusCode: { type: "UInt32", comment: "OTLP: 0 unset, 1 ok, 2 error" },
      StatusMessage: "String",
      Attributes: { type: "Map(LowCardinality(String), String)", codec: "ZSTD(1)" },
      ResourceAttributes: { type: "Map(LowCardinality(String), String)", codec: "ZSTD(1)" },
      Bytes: { type: "UInt64", codec: "ZSTD(1)" },
    },
    orderBy: ["AccountId", "ServiceName", "Timestamp"],
    indexes: [{ name: "idx_trace", expression: "TraceId", type: "bloom_filter(0.001)" }],
    ...baseRetention,
  });
}

/**
 * Latency by operation and minute. A span without an end, or one that ends before it starts, has no duration: the
 * unsigned difference would be 584 years. Such spans are counted apart (`invalid_count`) and kept out of the durations.
 */
function declareLatency(database: Database, base: Table, config: ObsflyConfig): View {
  const target = new Table("trace_latency", {
    database,
    columns: {
      AccountId: "UInt64",
      ServiceName: "LowCardinality(String)",
      operation_name: "LowCardinality(String)",
      time_bucket: "DateTime('UTC')",
      RetentionDays: "UInt16",
      span_count: "SimpleAggregateFunction(sum, UInt64)",
      invalid_count: "SimpleAggregateFunction(sum, UInt64)",
      sum_duration_ms: "SimpleAggregateFunction(sum, Float64)",
      // Counts by value cut to 8 bits: counts add up, so merged states equal the state over all spans; the quantile is
      // up to 0.8 % low.
      duration_sketch: "AggregateFunction(quantilesBFloat16(0.5, 0.95, 0.99), Float64)",
      error_count: "SimpleAggregateFunction(sum, UInt64)",
    },
    engine: "AggregatingMergeTree",
    orderBy: ["AccountId", "ServiceName", "operation_name", "time_bucket", "RetentionDays"],
    ...rollupRetention("time_bucket", "minute", config),
  });

  new MaterializedView("trace_latency_mv", {
    database,
    to: target,
    query: sql`
      WITH StartTimeUnixNano > 0 AND EndTimeUnixNano >= StartTimeUnixNano AS finished,
           if(finished, (EndTimeUnixNano - StartTimeUnixNano) / 1e6, 0) AS duration_ms
      SELECT AccountId, ServiceName, Name AS operation_name, toStartOfMinute(Timestamp) AS time_bucket, RetentionDays,
             count() AS span_count,
             countIf(NOT finished) AS invalid_count,
             sum(duration_ms) AS sum_duration_ms,
             quantilesBFloat16StateIf(0.5, 0.95, 0.99)(duration_ms, finished) AS duration_sketch,
             countIf(StatusCode = 2) AS error_count
      FROM ${base}
      GROUP BY AccountId, ServiceName, operation_name, time_bucket, RetentionDays`,
  });

  // span_count and error_count are over all spans; durations over the finished ones, and nan where there is none.
  return new View("trace_latency_read", {
    database,
    query: sql`
      SELECT AccountId, ServiceName, operation_name, time_bucket,
             sum(l.span_count) AS span_count,
             sum(l.invalid_count) AS invalid_count,
             sum(l.sum_duration_ms) / (sum(l.span_count) - sum(l.invalid_count)) AS avg_duration_ms,
             quantilesBFloat16Merge(0.5, 0.95, 0.99)(l.duration_sketch)[1] AS p50_duration_ms,
             quantilesBFloat16Merge(0.5, 0.95, 0.99)(l.duration_sketch)[2] AS p95_duration_ms,
             quantilesBFloat16Merge(0.5, 0.95, 0.99)(l.duration_sketch)[3] AS p99_duration_ms,
             sum(l.error_count) AS error_count
      FROM ${target} AS l
      GROUP BY AccountId, ServiceName, operation_name, time_bucket`,
  });
}
