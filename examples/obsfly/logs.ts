import { any, count, type Database, Rollup, sum, Table, uniq, type View } from "pulumi-clickhouse-schema";
import { engineOf, onAllShards, spread } from "./cluster";
import type { ObsflyConfig } from "./config";
import { baseRetention, inheritedRetention, retentionColumn } from "./retention";
import type { DeclaredSignal } from "./signal";

/** The database `logs`: the records, their volume by minute, their patterns by hour. */
export function declareLogs(database: Database, config: ObsflyConfig): DeclaredSignal {
  const base = declareBase(database, config);
  const inserts = onAllShards("logs_v1", database, base, config);
  return {
    database,
    base,
    inserts,
    reads: [declareVolume(database, base, config), declarePatterns(database, base, config)],
  };
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
    engine: engineOf("MergeTree", config),
    ...baseRetention,
  });
}

/** Records and bytes by service, severity and minute. */
function declareVolume(database: Database, base: Table, config: ObsflyConfig): View {
  const volume = new Rollup("log_volume", {
    database,
    source: base,
    keys: ["AccountId", "ServiceName", "SeverityText"],
    bucket: { name: "time_bucket", every: "minute", time: "Timestamp" },
    measures: { log_count: count(), total_bytes: sum("Bytes") },
    ...inheritedRetention(config),
    ...spread(config),
  });
  return volume.read;
}

/**
 * Occurrences of a pattern by service, severity and hour. The pattern is in the key, not the body's hash: one row stands
 * for many bodies, which are counted, and one of them is kept as a sample.
 */
function declarePatterns(database: Database, base: Table, config: ObsflyConfig): View {
  const patterns = new Rollup("log_patterns", {
    database,
    source: base,
    where: "BodyHash != ''",
    keys: {
      AccountId: "AccountId",
      ServiceName: "ServiceName",
      PatternHash: "PatternHash",
      severity: "SeverityText",
    },
    bucket: { name: "time_bucket", every: "hour", time: "Timestamp" },
    measures: { sample_body: any("Body"), occurrence_count: count(), distinct_bodies: uniq("BodyHash") },
    ...inheritedRetention(config),
    ...spread(config),
  });
  return patterns.read;
}
