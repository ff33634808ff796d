import { type Database, MaterializedView, sql, Table, View } from "pulumi-clickhouse-schema";
import type { ObsflyConfig } from "./config";
import { baseRetention, retentionColumn, rollupRetention } from "./retention";
import type { DeclaredSignal } from "./signal";

/** The database `profiles`: the samples, and their sums by stack and hour. */
export function declareProfiles(database: Database, config: ObsflyConfig): DeclaredSignal {
  const base = declareBase(database, config);
  return { database, base, reads: [declareSamples(database, base, config)] };
}

function declareBase(database: Database, config: ObsflyConfig): Table {
  return new Table("profiling_v1", {
    database,
    columns: {
      Timestamp: { type: "DateTime64(9, 'UTC')", codec: "Delta(8), ZSTD(1)" },
      AccountId: "UInt64",
      RetentionDays: retentionColumn("profiles", config),
      ServiceName: "LowCardinality(String)",
      ProfileType: "LowCardinality(String)",
      Runtime: "LowCardinality(String)",
      StackHash: "UInt64",
      FunctionNames: { type: "Array(String)", codec: "ZSTD(1)" },
      FunctionFiles: { type: "Array(String)", codec: "ZSTD(1)" },
      SampleValue: "UInt64",
      SampleCount: "UInt64",
      ResourceAttributes: { type: "Map(LowCardinality(String), String)", codec: "ZSTD(1)" },
      Bytes: { type: "UInt64", codec: "ZSTD(1)" },
    },
    orderBy: ["AccountId", "ServiceName", "ProfileType", "Timestamp"],
    ...baseRetention,
  });
}

/**
 * Values by stack, runtime and hour. The runtime is in the key, or runtimes would be added together. Summing engines
 * drop rows whose sums are all zero; this one keeps a stack that was seen with the value 0.
 */
function declareSamples(database: Database, base: Table, config: ObsflyConfig): View {
  const target = new Table("profile_samples", {
    database,
    columns: {
      AccountId: "UInt64",
      ServiceName: "LowCardinality(String)",
      ProfileType: "LowCardinality(String)",
      Runtime: "LowCardinality(String)",
      StackHash: "UInt64",
      time_bucket: "DateTime('UTC')",
      RetentionDays: "UInt16",
      function_names: "SimpleAggregateFunction(any, Array(String))",
      function_files: "SimpleAggregateFunction(any, Array(String))",
      total_value: "SimpleAggregateFunction(sum, UInt64)",
      total_samples: "SimpleAggregateFunction(sum, UInt64)",
    },
    engine: "AggregatingMergeTree",
    orderBy: ["AccountId", "ServiceName", "ProfileType", "Runtime", "StackHash", "time_bucket", "RetentionDays"],
    ...rollupRetention("time_bucket", "hour", config),
  });

  new MaterializedView("profile_samples_mv", {
    database,
    to: target,
    query: sql`
      SELECT AccountId, ServiceName, ProfileType, Runtime, StackHash, toStartOfHour(Timestamp) AS time_bucket,
             RetentionDays,
             any(FunctionNames) AS function_names,
             any(FunctionFiles) AS function_files,
             sum(SampleValue) AS total_value,
             sum(SampleCount) AS total_samples
      FROM ${base}
      GROUP BY AccountId, ServiceName, ProfileType, Runtime, StackHash, time_bucket, RetentionDays`,
  });

  return new View("profile_samples_read", {
    database,
    query: sql`
      SELECT AccountId, ServiceName, ProfileType, Runtime, StackHash, time_bucket,
             any(p.function_names) AS function_names,
             any(p.function_files) AS function_files,
             sum(p.total_value) AS total_value,
             sum(p.total_samples) AS total_samples
      FROM ${target} AS p
      GROUP BY AccountId, ServiceName, ProfileType, Runtime, StackHash, time_bucket`,
  });
}
