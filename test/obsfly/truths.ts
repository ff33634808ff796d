import { statuses } from "../../examples/obsfly/load/metrics";
import type { Comparison } from "./compare";

/*
 * What each read view must show, computed from all rows of the base table by other means than the views': by sorting
 * whole arrays, by walking every counter sample, by looking at a trace as a whole.
 */

/** Start of the bucket, by arithmetic. */
const bucket = (seconds: number) => `toDateTime(intDiv(toUnixTimestamp(Timestamp), ${seconds}) * ${seconds}, 'UTC')`;

/** The sample that the sketch estimates: the one of rank ceil(q n), counted from 1. */
const ranked = (values: string, q: number) => `arraySort(${values})[toUInt64(ceil(${q} * length(${values})))]`;

const text = (values: string[]) => values.map((value) => `'${value}'`).join(", ");
const finite = "isFinite(Value) AND Value != -1.79e308";

export const truths: Comparison[] = [
  {
    name: "metrics.metrics_hourly_read",
    seen: "SELECT * FROM metrics.metrics_hourly_read",
    truth: `
      SELECT *, length(v) AS sample_count, all - length(v) AS invalid_count, if(empty(v), nan, arrayAvg(v)) AS avg_value,
        if(empty(v), NULL, arrayMin(v)) AS min_value, if(empty(v), NULL, arrayMax(v)) AS max_value,
        if(empty(v), 0, arraySum(v)) AS sum_value, if(empty(v), nan, ${ranked("v", 0.5)}) AS p50_value,
        if(empty(v), nan, ${ranked("v", 0.95)}) AS p95_value, if(empty(v), nan, ${ranked("v", 0.99)}) AS p99_value
      FROM (
        SELECT AccountId, ServiceName, MetricName, ${bucket(3600)} AS hour_bucket, count() AS all,
          groupArrayIf(Value, ${finite}) AS v, sum(Bytes) AS total_bytes
        FROM metrics.metrics_v1 GROUP BY ALL)`,
    keys: ["AccountId", "ServiceName", "MetricName", "hour_bucket"],
    equal: ["sample_count", "invalid_count", "min_value", "max_value", "total_bytes"],
    close: ["avg_value", "sum_value"],
    sketch: ["p50_value", "p95_value", "p99_value"],
  },
  {
    name: "metrics.service_performance_read",
    seen: "SELECT * FROM metrics.service_performance_read",
    truth: `
      SELECT *, request_count - length(v) AS invalid_count, if(empty(v), nan, arrayAvg(v)) AS avg_latency,
        if(empty(v), nan, ${ranked("v", 0.95)}) AS p95_latency
      FROM (
        SELECT AccountId, ServiceName, ${bucket(60)} AS time_bucket, count() AS request_count,
          arrayCount(pod -> pod != '', groupUniqArray(Pod)) AS unique_pods,
          groupArrayIf(Value, ${finite} AND Value >= 0) AS v,
          countIf(Labels['status'] IN (${text(statuses.failed)})) AS error_count,
          countIf(Labels['status'] NOT IN (${text([...statuses.failed, ...statuses.fine])})) AS unknown_count
        FROM metrics.metrics_v1 WHERE MetricName = 'container_http_requests_duration_seconds_total' GROUP BY ALL)`,
    keys: ["AccountId", "ServiceName", "time_bucket"],
    equal: ["unique_pods", "request_count", "invalid_count", "error_count", "unknown_count"],
    close: ["avg_latency"],
    sketch: ["p95_latency"],
  },
  {
    name: "metrics.node_resources_read",
    seen: "SELECT * FROM metrics.node_resources_read",
    // Walks every sample of every series: a counter's step is its growth, or all of it when it fell.
    truth: `
      SELECT AccountId, HostId, time_bucket, argMax(names.1, names) AS hostname, argMax(addresses.1, addresses) AS ip,
        sumOrNullIf(step / elapsed, metric = 'cpu_usage_seconds_total' AND labels['mode'] IN ('user', 'system')
                    AND elapsed > 0) AS avg_cpu,
        maxOrNullIf(greatest, metric = 'memory_total_bytes') AS max_memory_total,
        maxOrNullIf(average, metric = 'memory_free_bytes') AS avg_memory_free,
        sumOrNullIf(step / elapsed, metric = 'disk_io_time_seconds_total' AND elapsed > 0) AS avg_disk_io,
        sumOrNullIf(step, metric = 'received_bytes_total') AS sum_net_rx,
        sumOrNullIf(step, metric = 'transmitted_bytes_total') AS sum_net_tx
      FROM (
        SELECT AccountId, HostId, metric, labels, time_bucket, sum(grown) AS step, sum(passed) AS elapsed,
          max(Value) AS greatest, avg(Value) AS average,
          (argMax(HostName, Timestamp), max(Timestamp)) AS names, (argMax(HostIP, Timestamp), max(Timestamp)) AS addresses
        FROM (
          SELECT *, replaceRegexpOne(MetricName, '^node_(resources|net)_', '') AS metric, mapSort(Labels) AS labels,
            ${bucket(60)} AS time_bucket,
            lagInFrame(toNullable(Value)) OVER w AS before,
            multiIf(isNull(before), 0, Value >= before, Value - before, Value) AS grown,
            toFloat64(Timestamp) - ifNull(lagInFrame(toNullable(toFloat64(Timestamp))) OVER w, toFloat64(Timestamp))
              AS passed
          FROM metrics.metrics_v1 WHERE match(MetricName, '^node_') AND isFinite(Value)
          WINDOW w AS (PARTITION BY AccountId, HostId, MetricName, mapSort(Labels) ORDER BY Timestamp
                       ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))
        GROUP BY ALL)
      GROUP BY ALL`,
    keys: ["AccountId", "HostId", "time_bucket"],
    equal: ["hostname", "ip", "max_memory_total"],
    close: ["avg_cpu", "avg_memory_free", "avg_disk_io", "sum_net_rx", "sum_net_tx"],
  },
  {
    name: "metrics.data_ingestion_read",
    seen: "SELECT * FROM metrics.data_ingestion_read",
    truth: ["logs.logs_v1", "metrics.metrics_v1", "traces.traces_v1", "profiles.profiling_v1"]
      .map(
        (table) => `
          SELECT AccountId, '${table.split(".")[0]}' AS data_type, formatDateTime(Timestamp, '%F', 'UTC') AS day_bucket,
            count() AS record_count, arraySum(groupArray(Bytes)) AS total_bytes
          FROM ${table} GROUP BY AccountId, day_bucket`,
      )
      .join(" UNION ALL "),
    keys: ["AccountId", "data_type", "day_bucket"],
    equal: ["record_count", "total_bytes"],
  },
  {
    name: "logs.log_volume_read",
    seen: "SELECT * FROM logs.log_volume_read",
    truth: `
      SELECT AccountId, ServiceName, SeverityText, ${bucket(60)} AS time_bucket, length(groupArray(Body)) AS log_count,
        sum(length(Body)) AS total_bytes
      FROM logs.logs_v1 GROUP BY ALL`,
    keys: ["AccountId", "ServiceName", "SeverityText", "time_bucket"],
    equal: ["log_count", "total_bytes"],
  },
  {
    name: "logs.log_patterns_read",
    // A sample is any body of the row, so what is compared is whether it is one.
    seen: `
      SELECT r.*, has(bodies, r.sample_body) AS sample_fits
      FROM logs.log_patterns_read AS r
      INNER JOIN (
        SELECT AccountId, ServiceName, PatternHash, SeverityText AS severity, ${bucket(3600)} AS time_bucket,
          groupUniqArray(Body) AS bodies
        FROM logs.logs_v1 WHERE BodyHash != '' GROUP BY ALL) AS b
      USING (AccountId, ServiceName, PatternHash, severity, time_bucket)`,
    truth: `
      SELECT AccountId, ServiceName, PatternHash, SeverityText AS severity, ${bucket(3600)} AS time_bucket,
        countIf(BodyHash != '') AS occurrence_count, uniqExactIf(Body, BodyHash != '') AS distinct_bodies, 1 AS sample_fits
      FROM logs.logs_v1 GROUP BY ALL HAVING occurrence_count > 0`,
    keys: ["AccountId", "ServiceName", "PatternHash", "severity", "time_bucket"],
    equal: ["occurrence_count", "sample_fits"],
    // uniqCombined64 keeps hashes up to some thousand values: exact here.
    close: ["distinct_bodies"],
  },
  {
    name: "traces.trace_latency_read",
    seen: "SELECT * FROM traces.trace_latency_read",
    truth: `
      SELECT *, span_count - length(v) AS invalid_count, if(empty(v), nan, arrayAvg(v)) AS avg_duration_ms,
        if(empty(v), nan, ${ranked("v", 0.5)}) AS p50_duration_ms,
        if(empty(v), nan, ${ranked("v", 0.95)}) AS p95_duration_ms,
        if(empty(v), nan, ${ranked("v", 0.99)}) AS p99_duration_ms
      FROM (
        SELECT AccountId, ServiceName, Name AS operation_name, ${bucket(60)} AS time_bucket, count() AS span_count,
          groupArrayIf(
            (toInt64(EndTimeUnixNano) - toInt64(StartTimeUnixNano)) / 1000000,
            NOT (EndTimeUnixNano = 0 OR StartTimeUnixNano = 0 OR EndTimeUnixNano < StartTimeUnixNano)) AS v,
          sum(StatusCode = 2) AS error_count
        FROM traces.traces_v1 GROUP BY ALL)`,
    keys: ["AccountId", "ServiceName", "operation_name", "time_bucket"],
    equal: ["span_count", "invalid_count", "error_count"],
    close: ["avg_duration_ms"],
    sketch: ["p50_duration_ms", "p95_duration_ms", "p99_duration_ms"],
  },
  {
    name: "profiles.profile_samples_read",
    seen: "SELECT * FROM profiles.profile_samples_read",
    truth: `
      SELECT AccountId, ServiceName, ProfileType, Runtime, StackHash, ${bucket(3600)} AS time_bucket,
        arrayElement(groupUniqArray(FunctionNames), 1) AS function_names,
        arrayElement(groupUniqArray(FunctionFiles), 1) AS function_files,
        arraySum(groupArray(SampleValue)) AS total_value, arraySum(groupArray(SampleCount)) AS total_samples
      FROM profiles.profiling_v1 GROUP BY ALL`,
    keys: ["AccountId", "ServiceName", "ProfileType", "Runtime", "StackHash", "time_bucket"],
    equal: ["function_names", "function_files", "total_value", "total_samples"],
  },
];

/** The map since an hour, from each trace as a whole. `since` in seconds: the view's window begins two hours before this one. */
export const dependencies = (since: number): Comparison => ({
  name: "traces.service_dependencies_read",
  seen: `SELECT * FROM traces.service_dependencies_read WHERE toUnixTimestamp(time_bucket) >= ${since}`,
  truth: `
    SELECT AccountId, edge.1 AS from_service, edge.2 AS to_service, time_bucket, count() AS call_count,
      countIf(edge.3 < 0) AS invalid_count, avgIf(edge.3, edge.3 >= 0) AS avg_latency_ms, countIf(edge.4) AS error_count
    FROM (
      SELECT AccountId, p.3 AS service, toStartOfInterval(p.7, INTERVAL 1 HOUR) AS time_bucket,
        arrayFilter(c -> c.2 = p.1 AND c.4 IN (2, 5), spans) AS children,
        if(empty(children),
           if(p.4 IN (3, 4) AND p.5 != '', [(service, p.5, p.6, p.8)], []),
           arrayMap(c -> (service, c.3, p.6, p.8 OR c.8), children)) AS edges
      FROM (
        SELECT AccountId, groupArray((SpanId, ParentSpanId, ServiceName, Kind, Attributes['peer.service'],
          if(StartTimeUnixNano = 0 OR EndTimeUnixNano < StartTimeUnixNano, -1,
             (EndTimeUnixNano - StartTimeUnixNano) / 1e6), Timestamp, StatusCode = 2)) AS spans
        FROM traces.traces_v1 GROUP BY AccountId, TraceId)
      ARRAY JOIN spans AS p
      WHERE toUnixTimestamp(p.7) >= ${since})
    ARRAY JOIN edges AS edge
    WHERE edge.1 != edge.2
    GROUP BY ALL`,
  keys: ["AccountId", "from_service", "to_service", "time_bucket"],
  equal: ["call_count", "invalid_count", "error_count"],
  close: ["avg_latency_ms"],
});
