import { any, type Database, Rollup, sum, Table, type View } from "pulumi-clickhouse-schema";
import { engineOf, onAllShards, spread } from "./cluster";
import type { ObsflyConfig } from "./config";
import { baseRetention, inheritedRetention, retentionColumn } from "./retention";
import type { DeclaredSignal } from "./signal";

/** The database `profiles`: the samples, and their sums by stack and hour. */
export function declareProfiles(database: Database, config: ObsflyConfig): DeclaredSignal {
  const base = declareBase(database, config);
  const inserts = onAllShards("profiling_v1", database, base, config);
  return { database, base, inserts, reads: [declareSamples(database, base, config)] };
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
    engine: engineOf("MergeTree", config),
    ...baseRetention,
  });
}

/**
 * Values by stack, runtime and hour. The runtime is in the key, or runtimes would be added together. Summing engines
 * drop rows whose sums are all zero; a rollup keeps a stack that was seen with the value 0.
 */
function declareSamples(database: Database, base: Table, config: ObsflyConfig): View {
  const samples = new Rollup("profile_samples", {
    database,
    source: base,
    keys: ["AccountId", "ServiceName", "ProfileType", "Runtime", "StackHash"],
    bucket: { name: "time_bucket", every: "hour", time: "Timestamp" },
    measures: {
      function_names: any("FunctionNames"),
      function_files: any("FunctionFiles"),
      total_value: sum("SampleValue"),
      total_samples: sum("SampleCount"),
    },
    ...inheritedRetention(config),
    ...spread(config),
  });
  return samples.read;
}
