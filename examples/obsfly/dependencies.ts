import type { Output } from "@pulumi/pulumi";
import { type Database, MaterializedView, sql, Table, View } from "pulumi-clickhouse-schema";
import { engineOf, onAllShards } from "./cluster";
import type { ObsflyConfig } from "./config";
import { rollupRetention } from "./retention";

/**
 * `traces.service_dependencies`: who calls whom, by hour. An edge needs two spans, and services export separately, so
 * they come in different inserts: a view that runs on inserts would find no edge. This one is refreshed: it joins the
 * spans of the last hours again and appends the outcome as a newer version.
 *
 * - Hours older than two are closed: later spans no longer change them.
 * - Each refresh writes an account's hour as a whole. The read view shows the newest whole and nothing of older ones, so
 *   an edge that was guessed from `peer.service` goes when the span of the called service arrives.
 */
export function declareDependencies(database: Database, spans: Table, config: ObsflyConfig): View {
  const target = new Table("service_dependencies", {
    database,
    columns: {
      AccountId: "UInt64",
      from_service: "LowCardinality(String)",
      to_service: "LowCardinality(String)",
      time_bucket: "DateTime('UTC')",
      // Versions replace each other, nothing is added up: a plain column, not part of the key.
      RetentionDays: "UInt16",
      call_count: "UInt64",
      invalid_count: "UInt64",
      sum_latency_ms: "Float64",
      error_count: "UInt64",
      computed_at: "DateTime64(3, 'UTC')",
    },
    engine: engineOf("ReplacingMergeTree(computed_at)", config),
    orderBy: ["AccountId", "from_service", "to_service", "time_bucket"],
    ...rollupRetention("time_bucket", "hour", config),
  });

  const edges = edgesOf(spans);
  new MaterializedView("service_dependencies_mv", {
    database,
    to: target,
    refresh: "EVERY 10 MINUTE",
    append: config.appendDependencies,
    query: config.appendDependencies ? edges : withClosedHours(target, edges),
  });

  // On a cluster each replica refreshes, and each refresh is a whole: of two at the same time, one counts.
  const once = config.cluster === undefined ? "" : "LIMIT 1 BY AccountId, from_service, to_service, time_bucket";
  // avg_latency_ms is over finished calls, as the caller saw them; nan where there is none.
  return new View("service_dependencies_read", {
    database,
    query: sql`
      SELECT AccountId, from_service, to_service, time_bucket, call_count, invalid_count,
             sum_latency_ms / (call_count - invalid_count) AS avg_latency_ms,
             error_count
      FROM
      (
        SELECT *, max(computed_at) OVER (PARTITION BY AccountId, time_bucket) AS newest
        FROM ${onAllShards("service_dependencies", database, target, config)}
      )
      WHERE computed_at = newest
      ${once}`,
  });
}

/** The edges of the hours that are open, from the spans. */
function edgesOf(spans: Table): Output<string> {
  // Callees are read from an hour earlier than callers: clocks differ, and a child may seem to start before its parent.
  return sql`
  WITH
    toStartOfHour(now('UTC')) - INTERVAL 2 HOUR AS since,
    callers AS
    (
      SELECT AccountId, TraceId, SpanId, ServiceName, Kind, RetentionDays,
             Attributes['peer.service'] AS peer,
             StatusCode = 2 AS failed,
             toStartOfHour(Timestamp) AS time_bucket,
             StartTimeUnixNano > 0 AND EndTimeUnixNano >= StartTimeUnixNano AS finished,
             if(finished, (EndTimeUnixNano - StartTimeUnixNano) / 1e6, 0) AS latency_ms
      FROM ${spans}
      WHERE Timestamp >= since
    ),
    callees AS
    (
      SELECT AccountId, TraceId, ParentSpanId, ServiceName, StatusCode = 2 AS failed
      FROM ${spans}
      WHERE Timestamp >= since - INTERVAL 1 HOUR AND Kind IN (2, 5) AND ParentSpanId != ''
    )
  SELECT AccountId, from_service, to_service, time_bucket,
         max(retention) AS RetentionDays,
         count() AS call_count,
         countIf(NOT finished) AS invalid_count,
         sum(latency_ms) AS sum_latency_ms,
         countIf(failed) AS error_count,
         now64(3, 'UTC') AS computed_at
  FROM
  (
    SELECT p.AccountId AS AccountId, p.ServiceName AS from_service, c.ServiceName AS to_service,
           p.time_bucket AS time_bucket, p.RetentionDays AS retention, p.finished AS finished,
           p.latency_ms AS latency_ms, p.failed OR c.failed AS failed
    FROM callees AS c
    INNER JOIN callers AS p
      ON c.AccountId = p.AccountId AND c.TraceId = p.TraceId AND c.ParentSpanId = p.SpanId
    WHERE p.ServiceName != c.ServiceName
    UNION ALL
    SELECT p.AccountId, p.ServiceName, p.peer, p.time_bucket, p.RetentionDays, p.finished, p.latency_ms, p.failed
    FROM callers AS p
    LEFT ANTI JOIN callees AS c
      ON p.AccountId = c.AccountId AND p.TraceId = c.TraceId AND p.SpanId = c.ParentSpanId
    WHERE p.Kind IN (3, 4) AND p.peer != '' AND p.peer != p.ServiceName
  )
  GROUP BY AccountId, from_service, to_service, time_bucket`;
}

/**
 * On a server without REFRESH … APPEND each refresh replaces the rows of its target, so it writes the hours that are closed again, as they
 * are there.
 */
function withClosedHours(target: Table, edges: Output<string>): Output<string> {
  const columns =
    "AccountId, from_service, to_service, time_bucket, RetentionDays, call_count, invalid_count, sum_latency_ms, error_count, computed_at";
  return sql`
  SELECT ${columns}
  FROM
  (
    SELECT ${columns} FROM ${target} WHERE time_bucket < toStartOfHour(now('UTC')) - INTERVAL 2 HOUR
    UNION ALL
    SELECT ${columns} FROM (${edges})
  )`;
}
