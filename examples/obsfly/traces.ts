import { count, type Database, derived, quantiles, Rollup, sum, Table, type View } from "pulumi-clickhouse-schema";
import { engineOf, onAllShards, spread } from "./cluster";
import type { ObsflyConfig } from "./config";
import { declareDependencies } from "./dependencies";
import { baseRetention, inheritedRetention, retentionColumn } from "./retention";
import type { DeclaredSignal } from "./signal";

/** The database `traces`: the spans, their latency by minute, and the map of who calls whom. */
export function declareTraces(database: Database, config: ObsflyConfig): DeclaredSignal {
  const base = declareBase(database, config);
  const inserts = onAllShards("traces_v1", database, base, config);
  return {
    database,
    base,
    inserts,
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
    engine: engineOf("MergeTree", config),
    ...baseRetention,
  });
}

/**
 * Latency by operation and minute. A span without an end, or one that ends before it starts, has no duration: the
 * unsigned difference would be 584 years. Such spans are counted apart (`invalid_count`) and kept out of the durations;
 * `span_count` and `error_count` are over all spans.
 */
function declareLatency(database: Database, base: Table, config: ObsflyConfig): View {
  const finished = "StartTimeUnixNano > 0 AND EndTimeUnixNano >= StartTimeUnixNano";
  const duration = "(EndTimeUnixNano - StartTimeUnixNano) / 1e6";
  const latency = new Rollup("trace_latency", {
    database,
    source: base,
    keys: { AccountId: "AccountId", ServiceName: "ServiceName", operation_name: "Name" },
    bucket: { name: "time_bucket", every: "minute", time: "Timestamp" },
    measures: {
      span_count: count(),
      invalid_count: count({ if: `NOT (${finished})` }),
      sum_duration_ms: sum(duration, { if: finished }),
      avg_duration_ms: derived("sum_duration_ms / (span_count - invalid_count)"),
      duration_sketch: quantiles({ p50_duration_ms: 0.5, p95_duration_ms: 0.95, p99_duration_ms: 0.99 }, duration, {
        if: finished,
      }),
      error_count: count({ if: "StatusCode = 2" }),
    },
    ...inheritedRetention(config),
    ...spread(config),
  });
  return latency.read;
}
