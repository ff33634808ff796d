import assert from "node:assert/strict";
import { createClient } from "@clickhouse/client";

/** A reader's filter on each read view, and the columns of the target's sorting key that it must reach. */
const filters: Record<string, Record<string, string>> = {
  "logs.log_volume_read": {
    AccountId: "= 1",
    ServiceName: "= 'frontend'",
    SeverityText: "= 'ERROR'",
    time_bucket: "> now()",
  },
  "logs.log_patterns_read": {
    AccountId: "= 1",
    ServiceName: "= 'frontend'",
    PatternHash: "= 'p1'",
    time_bucket: "> now()",
  },
  "metrics.metrics_hourly_read": {
    AccountId: "= 1",
    ServiceName: "= 'frontend'",
    MetricName: "= 'queue_depth'",
    hour_bucket: "> now()",
  },
  "metrics.service_performance_read": { AccountId: "= 1", ServiceName: "= 'frontend'", time_bucket: "> now()" },
  // Window functions: only filters on what they partition by come through.
  "metrics.node_resources_read": { AccountId: "= 1", HostId: "= 'host-1'" },
  "metrics.data_ingestion_read": { AccountId: "= 1", data_type: "= 'logs'", day_bucket: "> today()" },
  "traces.trace_latency_read": {
    AccountId: "= 1",
    ServiceName: "= 'checkout'",
    operation_name: "= 'charge'",
    time_bucket: "> now()",
  },
  "traces.service_dependencies_read": { AccountId: "= 1", time_bucket: "> now()" },
  "profiles.profile_samples_read": {
    AccountId: "= 1",
    ServiceName: "= 'checkout'",
    StackHash: "= 1",
    time_bucket: "> now()",
  },
};

/** On a filled schema (EXPLAIN names no index of an empty table): a reader's filter must narrow what is read, not what was read: it has to reach the primary key. */
export async function checkPushdown(connection: { url: string }): Promise<void> {
  const client = createClient({ url: connection.url });
  try {
    for (const [view, filter] of Object.entries(filters)) {
      const where = Object.entries(filter).map(([column, condition]) => `${column} ${condition}`);
      const result = await client.query({
        query: `EXPLAIN indexes = 1 SELECT * FROM ${view} WHERE ${where.join(" AND ")}`,
        format: "TabSeparatedRaw",
      });
      const plan = await result.text();
      const used = /PrimaryKey\s+Keys:\s+([\s\S]*?)\s+Condition:/.exec(plan)?.[1]?.split(/\s+/) ?? [];
      assert.deepEqual(
        used.sort(),
        Object.keys(filter).sort(),
        `${view}: columns of the primary key that narrow the read`,
      );
    }
  } finally {
    await client.close();
  }
}
