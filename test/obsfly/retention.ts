import assert from "node:assert/strict";
import { type ClickHouseClient, createClient } from "@clickhouse/client";
import { select } from "./compare";
import { baseTables, eachTable, rollups } from "./truth";

/*
 * Ten days ago five accounts wrote five rows a table, within a minute. Account 901 is on a plan of 7 days, 902 of 30, 903
 * of a hundred years. 904 changed from 7 to 30 days within that minute: three rows of it are still on the old plan.
 */
const rows = `
  (SELECT arrayJoin([901, 902, 903, 904]) AS AccountId, arrayJoin([1, 2, 3, 4, 5]) AS n,
     multiIf(AccountId = 901, 7, AccountId = 902, 30, AccountId = 903, 36500, n <= 3, 7, 30) AS RetentionDays,
     toStartOfMinute(now('UTC')) - INTERVAL 10 DAY AS Timestamp)`;

const inserts = [
  `INSERT INTO logs.logs_v1 (AccountId, RetentionDays, Timestamp, Body, BodyHash, Bytes)
   SELECT AccountId, RetentionDays, Timestamp, 'body', 'hash', 1 FROM ${rows}`,
  `INSERT INTO metrics.metrics_v1 (AccountId, RetentionDays, Timestamp, HostId, MetricName, Value, Bytes)
   SELECT AccountId, RetentionDays, Timestamp, 'host',
     arrayJoin(['container_http_requests_duration_seconds_total', 'node_resources_memory_free_bytes']), 1, 1 FROM ${rows}`,
  `INSERT INTO traces.traces_v1 (AccountId, RetentionDays, Timestamp, StartTimeUnixNano, EndTimeUnixNano, Bytes)
   SELECT AccountId, RetentionDays, Timestamp, 1, 2, 1 FROM ${rows}`,
  `INSERT INTO profiles.profiling_v1 (AccountId, RetentionDays, Timestamp, SampleCount, Bytes)
   SELECT AccountId, RetentionDays, Timestamp, 1, 1 FROM ${rows}`,
  // The map's own window is too short for rows of ten days ago.
  `INSERT INTO traces.service_dependencies (AccountId, RetentionDays, time_bucket, to_service, call_count, computed_at)
   SELECT AccountId, max(RetentionDays), toStartOfHour(any(Timestamp)), '', count(), now64(3) FROM ${rows} GROUP BY AccountId`,
];

/** What represents how many rows of an account. */
const counts: Record<string, string> = {
  "logs.logs_v1": "count()",
  "metrics.metrics_v1": "count() / 2",
  "traces.traces_v1": "count()",
  "profiles.profiling_v1": "count()",
  "logs.log_volume_read": "sum(log_count)",
  "logs.log_patterns_read": "sum(occurrence_count)",
  "metrics.metrics_hourly_read": "sum(sample_count) / 2",
  "metrics.service_performance_read": "sum(request_count)",
  "metrics.node_resources": "sum(samples)",
  "metrics.data_ingestion_read": "sum(record_count) / 5",
  "traces.trace_latency_read": "sum(span_count)",
  "traces.service_dependencies_read": "sum(call_count)",
  "profiles.profile_samples_read": "sum(total_samples)",
};

const expired = { "902": 5, "903": 5, "904": 2 };
const all = { "901": 5, "902": 5, "903": 5, "904": 5 };

/**
 * Writes old rows and merges: what is past its plan must be gone, all else must be there, in base tables and in rollups.
 * With `rollupRetentionDays` above ten, rollups keep what base tables no longer have.
 */
export async function checkRetention(connection: { url: string }, rollupRetentionDays = 0): Promise<void> {
  const client = createClient({ url: connection.url });
  try {
    for (const query of inserts) await client.command({ query });
    await eachTable(client, [...baseTables, ...rollups], "OPTIMIZE TABLE", "FINAL");
    for (const [table, count] of Object.entries(counts)) {
      const isBase = baseTables.includes(table);
      // Usage does not follow the plan; neither rows nor versions of the map are added up, the newest plan holds.
      let expected: Record<string, number> = isBase || rollupRetentionDays <= 10 ? expired : all;
      if (table === "metrics.data_ingestion_read") expected = all;
      if (table === "traces.service_dependencies_read" && expected === expired) expected = { ...expired, "904": 5 };
      await untilEqual(client, table, count, expected);
    }
  } finally {
    await client.close();
  }
}

/** A merge in the background may be under way when OPTIMIZE comes, which then leaves the part alone. */
async function untilEqual(client: ClickHouseClient, table: string, count: string, expected: object): Promise<void> {
  const query = `SELECT toString(AccountId), toFloat64(${count}) FROM ${table} WHERE AccountId > 900 GROUP BY AccountId`;
  const deadline = Date.now() + 10_000;
  for (;;) {
    const found = Object.fromEntries((await select(client, query)) as [string, number][]);
    if (Date.now() > deadline || JSON.stringify(sorted(found)) === JSON.stringify(sorted(expected))) {
      assert.deepEqual(found, expected, `rows by account in ${table}`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    const stored = table.replace(/_read$/, "");
    await client.command({ query: `OPTIMIZE TABLE ${stored} FINAL` });
  }
}

const sorted = (counted: object) => Object.entries(counted).sort(([a], [b]) => a.localeCompare(b));
