import type { Comparison } from "../test/obsfly/compare";
import { dependencies, truths } from "../test/obsfly/truths";

/** A question to a read view, and the same to the base table. */
export interface Question extends Comparison {
  /** What a dashboard asks for; over the columns of the answer, so it fits both. */
  readonly filter: string;
}

const spans = `
  StartTimeUnixNano > 0 AND EndTimeUnixNano >= StartTimeUnixNano AS finished,
  if(finished, (EndTimeUnixNano - StartTimeUnixNano) / 1e6, 0) AS duration_ms`;

/** How one would ask the base tables, had one no rollups: one pass, the same functions. */
const plain: Readonly<Record<string, string>> = {
  "metrics.metrics_hourly_read": `
    WITH abs(Value) < 1e38 AS valid, quantilesBFloat16If(0.5, 0.95, 0.99)(Value, valid) AS q
    SELECT AccountId, ServiceName, MetricName, toStartOfHour(Timestamp) AS hour_bucket,
      countIf(valid) AS sample_count, countIf(NOT valid) AS invalid_count, sumIf(Value, valid) AS sum_value,
      sum_value / sample_count AS avg_value, minOrNullIf(Value, valid) AS min_value,
      maxOrNullIf(Value, valid) AS max_value, q[1] AS p50_value, q[2] AS p95_value, q[3] AS p99_value,
      sum(Bytes) AS total_bytes
    FROM metrics.metrics_v1 GROUP BY AccountId, ServiceName, MetricName, hour_bucket`,
  "metrics.service_performance_read": `
    WITH Value >= 0 AND Value < 1e38 AS valid, Labels['status'] AS status
    SELECT AccountId, ServiceName, toStartOfMinute(Timestamp) AS time_bucket,
      uniqCombined64If(toString(Pod), Pod != '') AS unique_pods, count() AS request_count,
      countIf(NOT valid) AS invalid_count, sumIf(Value, valid) / countIf(valid) AS avg_latency,
      quantilesBFloat16If(0.95)(Value, valid)[1] AS p95_latency,
      countIf(match(status, '^[45][0-9][0-9]$')) AS error_count,
      countIf(NOT match(status, '^[1-5][0-9][0-9]$')) AS unknown_count
    FROM metrics.metrics_v1 WHERE MetricName = 'container_http_requests_duration_seconds_total'
    GROUP BY AccountId, ServiceName, time_bucket`,
  "metrics.data_ingestion_read": ["logs.logs_v1", "metrics.metrics_v1", "traces.traces_v1", "profiles.profiling_v1"]
    .map(
      (table) => `
        SELECT AccountId, '${table.split(".")[0]}' AS data_type, toDate(Timestamp) AS day_bucket,
          count() AS record_count, sum(Bytes) AS total_bytes
        FROM ${table} GROUP BY AccountId, day_bucket`,
    )
    .join(" UNION ALL "),
  "logs.log_volume_read": `
    SELECT AccountId, ServiceName, SeverityText, toStartOfMinute(Timestamp) AS time_bucket, count() AS log_count,
      sum(Bytes) AS total_bytes
    FROM logs.logs_v1 GROUP BY AccountId, ServiceName, SeverityText, time_bucket`,
  "logs.log_patterns_read": `
    SELECT AccountId, ServiceName, PatternHash, SeverityText AS severity, toStartOfHour(Timestamp) AS time_bucket,
      any(Body) AS sample_body, count() AS occurrence_count, uniqCombined64(BodyHash) AS distinct_bodies
    FROM logs.logs_v1 WHERE BodyHash != '' GROUP BY AccountId, ServiceName, PatternHash, severity, time_bucket`,
  "traces.trace_latency_read": `
    WITH ${spans}, quantilesBFloat16If(0.5, 0.95, 0.99)(duration_ms, finished) AS q
    SELECT AccountId, ServiceName, Name AS operation_name, toStartOfMinute(Timestamp) AS time_bucket,
      count() AS span_count, countIf(NOT finished) AS invalid_count, sum(duration_ms) / countIf(finished) AS avg_duration_ms,
      q[1] AS p50_duration_ms, q[2] AS p95_duration_ms, q[3] AS p99_duration_ms, countIf(StatusCode = 2) AS error_count
    FROM traces.traces_v1 GROUP BY AccountId, ServiceName, operation_name, time_bucket`,
  "profiles.profile_samples_read": `
    SELECT AccountId, ServiceName, ProfileType, Runtime, StackHash, toStartOfHour(Timestamp) AS time_bucket,
      any(FunctionNames) AS function_names, any(FunctionFiles) AS function_files,
      sum(SampleValue) AS total_value, sum(SampleCount) AS total_samples
    FROM profiles.profiling_v1 GROUP BY AccountId, ServiceName, ProfileType, Runtime, StackHash, time_bucket`,
};

/** Callers joined to callees, and callers whose callee sends nothing. `since` in seconds since 1970. */
const plainDependencies = (since: number): string => `
  WITH callers AS (
      SELECT AccountId, TraceId, SpanId, ServiceName, Kind, Attributes['peer.service'] AS peer, StatusCode = 2 AS failed,
        toStartOfHour(Timestamp) AS time_bucket, ${spans}
      FROM traces.traces_v1 WHERE Timestamp >= fromUnixTimestamp(${since})),
    callees AS (
      SELECT AccountId, TraceId, ParentSpanId, ServiceName, StatusCode = 2 AS failed
      FROM traces.traces_v1
      WHERE Timestamp >= fromUnixTimestamp(${since}) - INTERVAL 1 HOUR AND Kind IN (2, 5) AND ParentSpanId != '')
  SELECT AccountId, from_service, to_service, time_bucket, count() AS call_count, countIf(NOT finished) AS invalid_count,
    sum(duration_ms) / countIf(finished) AS avg_latency_ms, countIf(failed) AS error_count
  FROM (
    SELECT p.AccountId AS AccountId, p.ServiceName AS from_service, c.ServiceName AS to_service,
      p.time_bucket AS time_bucket, p.finished AS finished, p.duration_ms AS duration_ms, p.failed OR c.failed AS failed
    FROM callees AS c INNER JOIN callers AS p
      ON c.AccountId = p.AccountId AND c.TraceId = p.TraceId AND c.ParentSpanId = p.SpanId
    WHERE p.ServiceName != c.ServiceName
    UNION ALL
    SELECT p.AccountId, p.ServiceName, p.peer, p.time_bucket, p.finished, p.duration_ms, p.failed
    FROM callers AS p LEFT ANTI JOIN callees AS c
      ON p.AccountId = c.AccountId AND p.TraceId = c.TraceId AND p.SpanId = c.ParentSpanId
    WHERE p.Kind IN (3, 4) AND p.peer != '' AND p.peer != p.ServiceName)
  GROUP BY AccountId, from_service, to_service, time_bucket`;

const SERVICE = "AccountId = 2 AND ServiceName = 'checkout'";

const filters: Readonly<Record<string, string>> = {
  "metrics.node_resources_read": "AccountId = 1 AND HostId = 'host-1'",
  "metrics.data_ingestion_read": "AccountId = 2",
  "traces.service_dependencies_read": "AccountId = 2",
};

/** A question for each read view; the map of services is asked for since an hour, in seconds. */
export function questions(since: number): Question[] {
  const map = dependencies(since);
  return [...truths, map].map((comparison) => {
    const { name } = comparison;
    // Of a pattern's bodies any one is the sample: it is not compared, and the truth's own check of it is not needed.
    const equal = comparison.equal.filter((column) => column !== "sample_fits");
    const isMap = name === map.name;
    return {
      ...comparison,
      equal,
      seen: isMap ? map.seen : `SELECT * FROM ${name}`,
      // Counters need the sample before each one: nothing plainer than the truth tells their increase.
      truth: isMap ? plainDependencies(since) : (plain[name] ?? comparison.truth),
      filter: filters[name] ?? SERVICE,
    };
  });
}
