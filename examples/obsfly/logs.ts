import { type Database, MaterializedView, sql, Table, View } from "pulumi-clickhouse-schema";
import type { ObsflyConfig } from "./config";
import { baseRetention, retentionColumn, rollupRetention } from "./retention";
import type { DeclaredSignal } from "./signal";

/** The database `logs`: the records, their volume by minute, their patterns by hour. */
export function declareLogs(database: Database, config: ObsflyConfig): DeclaredSignal {
  const base = declareBase(database, config);
  return { database, base, reads: [declareVolume(database, base, config), declarePatterns(database, base, config)] };
}

function declareBase(database: Database, config: ObsflyConfig): Table {
  return new Table("logs_v1", {
    database,
    columns: {
      Timestamp: { type: "DateTime64(9, 'UTC')", codec: "Delta(8), ZSTD(1)" },
      AccountId: "UInt64",
      RetentionDays: retentionColumn("logs", config),
      TraceId: { type: "String", codec: "ZSTD(1)" },
      SpanId: { type: "String", codec: "ZSTD(1)" },
      ServiceName: "LowCardinality(String)",
      SeverityText: "LowCardinality(String)",
      SeverityNumber: "UInt8",
      Body: { type: "String", codec: "ZSTD(1)" },
      BodyHash: {
        type: "String",
        default: "''",
        comment: "Hash of the body; empty when the collector computed none",
      },
      PatternHash: { type: "String", default: "''", comment: "Hash of the body without its variable parts" },
      LogAttributes: { type: "Map(LowCardinality(String), String)", codec: "ZSTD(1)" },
      ResourceAttributes: { type: "Map(LowCardinality(String), String)", codec: "ZSTD(1)" },
      Bytes: { type: "UInt64", codec: "ZSTD(1)" },
    },
    orderBy: ["AccountId", "ServiceName", "Timestamp"],
    indexes: [{ name: "idx_trace", expression: "TraceId", type: "bloom_filter(0.001)" }],
    ...baseRetention,
  });
}

/** Records and bytes by service, severity and minute. */
function declareVolume(database: Database, base: Table, config: ObsflyConfig): View {
  const target = new Table("log_volume", {
    database,
    columns: {
      AccountId: "UInt64",
      ServiceName: "LowCardinality(String)",
      SeverityText: "LowCardinality(String)",
      time_bucket: "DateTime('UTC')",
      RetentionDays: "UInt16",
      log_count: "SimpleAggregateFunction(sum, UInt64)",
      total_bytes: "SimpleAggregateFunction(sum, UInt64)",
    },
    engine: "AggregatingMergeTree",
    orderBy: ["AccountId", "ServiceName", "SeverityText", "time_bucket", "RetentionDays"],
    ...rollupRetention("time_bucket", "minute", config),
  });

  new MaterializedView("log_volume_mv", {
    database,
    to: target,
    query: sql`
      SELECT AccountId, ServiceName, SeverityText, toStartOfMinute(Timestamp) AS time_bucket, RetentionDays,
             count() AS log_count,
             sum(Bytes) AS total_bytes
      FROM ${base}
      GROUP BY AccountId, ServiceName, SeverityText, time_bucket, RetentionDays`,
  });

  return new View("log_volume_read", {
    database,
    query: sql`
      SELECT AccountId, ServiceName, SeverityText, time_bucket,
             sum(v.log_count) AS log_count,
             sum(v.total_bytes) AS total_bytes
      FROM ${target} AS v
      GROUP BY AccountId, ServiceName, SeverityText, time_bucket`,
  });
}

/**
 * Occurrences of a pattern by service, severity and hour. The pattern is in the key, not the body's hash: one row stands
 * for many bodies, which are counted, and one of them is kept as a sample.
 */
function declarePatterns(database: Database, base: Table, config: ObsflyConfig): View {
  const target = new Table("log_patterns", {
    database,
    columns: {
      AccountId: "UInt64",
      ServiceName: "LowCardinality(String)",
      PatternHash: "String",
      severity: "LowCardinality(String)",
      time_bucket: "DateTime('UTC')",
      RetentionDays: "UInt16",
      sample_body: "SimpleAggregateFunction(any, String)",
      bodies: "AggregateFunction(uniqCombined64, String)",
      occurrence_count: "SimpleAggregateFunction(sum, UInt64)",
    },
    engine: "AggregatingMergeTree",
    orderBy: ["AccountId", "ServiceName", "PatternHash", "severity", "time_bucket", "RetentionDays"],
    ...rollupRetention("time_bucket", "hour", config),
  });

  new MaterializedView("log_patterns_mv", {
    database,
    to: target,
    query: sql`
      SELECT AccountId, ServiceName, PatternHash, SeverityText AS severity, toStartOfHour(Timestamp) AS time_bucket,
             RetentionDays,
             any(Body) AS sample_body,
             uniqCombined64State(BodyHash) AS bodies,
             count() AS occurrence_count
      FROM ${base}
      WHERE BodyHash != ''
      GROUP BY AccountId, ServiceName, PatternHash, severity, time_bucket, RetentionDays`,
  });

  return new View("log_patterns_read", {
    database,
    query: sql`
      SELECT AccountId, ServiceName, PatternHash, severity, time_bucket,
             any(p.sample_body) AS sample_body,
             sum(p.occurrence_count) AS occurrence_count,
             uniqCombined64Merge(p.bodies) AS distinct_bodies
      FROM ${target} AS p
      GROUP BY AccountId, ServiceName, PatternHash, severity, time_bucket`,
  });
}
