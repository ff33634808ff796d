import { type Database, MaterializedView, sql, Table, View } from "pulumi-clickhouse-schema";
import { engineOf, onAllShards } from "./cluster";
import type { ObsflyConfig } from "./config";
import { rollupRetention } from "./retention";

/**
 * `metrics.node_resources`: CPU, memory, disk and network by host and minute. Most node metrics are counters since boot:
 * their averages and sums say nothing, their increase does. An increase spans two minutes, which come in different
 * inserts, so the rollup keeps a row a series and minute (first, last and greatest value), and the read view takes the
 * difference to the series' minute before.
 */
export function declareNodes(database: Database, base: Table, config: ObsflyConfig): View {
  const target = new Table("node_resources", {
    database,
    columns: {
      AccountId: "UInt64",
      HostId: "LowCardinality(String)",
      MetricName: "LowCardinality(String)",
      series_id: "UInt64",
      time_bucket: "DateTime('UTC')",
      RetentionDays: "UInt16",
      labels: "SimpleAggregateFunction(any, Map(String, String))",
      hostname: "AggregateFunction(argMax, String, DateTime64(9, 'UTC'))",
      ip: "AggregateFunction(argMax, String, DateTime64(9, 'UTC'))",
      samples: "SimpleAggregateFunction(sum, UInt64)",
      value_sum: "SimpleAggregateFunction(sum, Float64)",
      value_max: "SimpleAggregateFunction(max, Float64)",
      value_first: "AggregateFunction(argMin, Float64, DateTime64(9, 'UTC'))",
      value_last: "AggregateFunction(argMax, Float64, DateTime64(9, 'UTC'))",
      time_first: "SimpleAggregateFunction(min, DateTime64(9, 'UTC'))",
      time_last: "SimpleAggregateFunction(max, DateTime64(9, 'UTC'))",
    },
    engine: engineOf("AggregatingMergeTree", config),
    orderBy: ["AccountId", "HostId", "MetricName", "series_id", "time_bucket", "RetentionDays"],
    ...rollupRetention("time_bucket", "minute", config),
  });

  // Only the metrics that the read view shows; a stale marker (NaN) is no value.
  new MaterializedView("node_resources_mv", {
    database,
    to: target,
    query: sql`
      SELECT AccountId, HostId, MetricName, cityHash64(mapSort(Labels)) AS series_id,
             toStartOfMinute(Timestamp) AS time_bucket, RetentionDays,
             any(Labels) AS labels,
             argMaxState(toString(HostName), Timestamp) AS hostname,
             argMaxState(toString(HostIP), Timestamp) AS ip,
             count() AS samples,
             sum(Value) AS value_sum,
             max(Value) AS value_max,
             argMinState(Value, Timestamp) AS value_first,
             argMaxState(Value, Timestamp) AS value_last,
             min(Timestamp) AS time_first,
             max(Timestamp) AS time_last
      FROM ${base}
      WHERE MetricName IN
      (
        'node_resources_cpu_usage_seconds_total', 'node_resources_disk_io_time_seconds_total',
        'node_resources_memory_total_bytes', 'node_resources_memory_free_bytes',
        'node_net_received_bytes_total', 'node_net_transmitted_bytes_total'
      )
      AND isFinite(Value)
      GROUP BY AccountId, HostId, MetricName, series_id, time_bucket, RetentionDays`,
  });

  return new View("node_resources_read", {
    database,
    query: readQuery(onAllShards("node_resources", database, target, config)),
  });
}

/**
 * The increase of a series in a minute, exact for one reset a minute. Filter by account and host: the minute before is
 * needed, so a filter by time reads the host's whole history.
 *
 * - avg_cpu: cores busy, on average since the minute before; the time a CPU idles or waits for disk is not use.
 * - avg_disk_io: seconds of disk activity a second, summed over the disks.
 * - sum_net_rx, sum_net_tx: bytes that came and went.
 * - max_memory_total, avg_memory_free: bytes; these two metrics are gauges.
 *
 * NULL where the host did not report the metric: unknown is not 0.
 */
const readQuery = (target: Table) => sql`
  WITH
    minutes AS
    (
      SELECT AccountId, HostId, MetricName, series_id, time_bucket,
             any(n.labels['mode']) AS mode, max(n.time_last) AS last_at,
             sum(n.samples) AS sample_count, sum(n.value_sum) AS total,
             max(n.value_max) AS peak, argMinMerge(n.value_first) AS first, argMaxMerge(n.value_last) AS last,
             min(n.time_first) AS first_at
      FROM ${target} AS n
      GROUP BY AccountId, HostId, MetricName, series_id, time_bucket
    ),
    -- Each series is sorted by itself: a window would sort all of them together.
    series AS
    (
      SELECT AccountId, HostId, MetricName,
             arraySort(groupArray((time_bucket, mode, last_at, sample_count, total, peak, first, last, first_at))) AS all,
             arrayPushFront(arrayPopBack(arrayMap(one -> (toNullable(one.8), toNullable(one.3)), all)), (NULL, NULL)) AS befores
      FROM minutes
      GROUP BY AccountId, HostId, MetricName, series_id
    ),
    followed AS
    (
      SELECT AccountId, HostId, MetricName, one.1 AS time_bucket, one.2 AS mode, one.3 AS last_at,
             one.4 AS sample_count, one.5 AS total, one.6 AS peak, one.7 AS first, one.8 AS last, one.9 AS first_at,
             before.1 AS previous, before.2 AS previous_at
      FROM series
      ARRAY JOIN all AS one, befores AS before
    ),
    increases AS
    (
      SELECT *,
             -- A series' first minute counts from its first sample. A counter that falls was reset to zero: before the
             -- minute, or after its greatest value.
             ifNull(previous, first) AS start,
             multiIf(
               last < peak AND peak >= start, peak - start + last,
               last < peak, peak + last,
               last >= start, last - start,
               last) AS increase,
             dateDiff('microsecond', ifNull(previous_at, first_at), last_at) / 1e6 AS seconds
      FROM followed
    )
  SELECT AccountId, HostId, time_bucket, max(r.hostname) AS hostname, max(r.ip) AS ip,
         any(r.avg_cpu) AS avg_cpu, any(r.max_memory_total) AS max_memory_total,
         any(r.avg_memory_free) AS avg_memory_free, any(r.avg_disk_io) AS avg_disk_io,
         any(r.sum_net_rx) AS sum_net_rx, any(r.sum_net_tx) AS sum_net_tx
  FROM
  (
    SELECT AccountId, HostId, time_bucket, '' AS hostname, '' AS ip,
           sumOrNullIf(increase / seconds, MetricName = 'node_resources_cpu_usage_seconds_total'
                                           AND mode NOT IN ('idle', 'iowait') AND seconds > 0) AS avg_cpu,
           maxOrNullIf(peak, MetricName = 'node_resources_memory_total_bytes') AS max_memory_total,
           sumOrNullIf(total, MetricName = 'node_resources_memory_free_bytes')
             / sumOrNullIf(sample_count, MetricName = 'node_resources_memory_free_bytes') AS avg_memory_free,
           sumOrNullIf(increase / seconds, MetricName = 'node_resources_disk_io_time_seconds_total'
                                           AND seconds > 0) AS avg_disk_io,
           sumOrNullIf(increase, MetricName = 'node_net_received_bytes_total') AS sum_net_rx,
           sumOrNullIf(increase, MetricName = 'node_net_transmitted_bytes_total') AS sum_net_tx
    FROM increases
    GROUP BY AccountId, HostId, time_bucket
    UNION ALL
    -- The names once for each host and minute, not for each of its series.
    SELECT AccountId, HostId, time_bucket, argMaxMerge(n.hostname), argMaxMerge(n.ip), NULL, NULL, NULL, NULL, NULL, NULL
    FROM ${target} AS n
    GROUP BY AccountId, HostId, time_bucket
  ) AS r
  GROUP BY AccountId, HostId, time_bucket`;
