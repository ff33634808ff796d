import type { Measure, RollupBucket, RollupTtl } from "../rollup";
import type { CommonArgs, Input, Named, NamedDatabase } from "./args";
import type { IndexArgs, TableChangeArgs } from "./table-args";
import type { BackfillArgs } from "./view-args";

/** The attributes of a column of a rollup's target, without its type. */
export interface RollupColumnArgs {
  /** Compression, e.g. `Delta(4), ZSTD(1)`. */
  codec?: string;
  /** Statistics, e.g. `uniq, tdigest`. */
  statistics?: string;
  /** When values become the type's default, e.g. `minute + INTERVAL 7 DAY`. Default: never. */
  ttl?: string;
  /** Free text. */
  comment?: string;
  /** Column settings, e.g. `{ min_compress_block_size: 16777216 }`. */
  settings?: Record<string, string | number | boolean>;
}

/** One of several sources of a rollup. What it leaves out is taken from the rollup. */
export interface RollupSourceArgs {
  /** The table that feeds the rollup: its resource, or its qualified name. */
  source: Input<string> | Named;
  /** Condition on this source's rows, e.g. `BodyHash != ''`. Default: the rollup's. */
  where?: string;
  /** Keys with another expression for this source, e.g. `{ data_type: "'logs'" }`. */
  keys?: Record<string, string>;
  /** Expression for a row's time in this source. Default: the bucket's `time`. */
  time?: string;
  /** Measures with another expression for this source; the functions must be the same. */
  measures?: Record<string, Measure>;
  /** Database of the view. Default: the rollup's. */
  database?: Input<string> | NamedDatabase;
  /** Name of the view on the server. Default: rollup, source and `mv`, e.g. `ingestion_logs_mv`. */
  viewName?: string;
}

/** A coarser rollup, fed by the level below. */
export interface RollupLevelArgs {
  /** Width of its buckets, e.g. `"hour"`; each is made of whole buckets of the level below. */
  every: string;
  /** Name of its target. Default: the rollup's name and the width, e.g. `requests_hour`. */
  name?: string;
  /** Name of the view that fills it. Default: the target's name and `_mv`. */
  viewName?: string;
  /** Name of its read view, or `false` for none. Default: the target's name and `_read`; none if the rollup has none. */
  read?: string | false;
  /** Name of its bucket column. Default: as in the level below. */
  bucket?: string;
  /** How long its rows are kept. Default: as in the level below. */
  ttl?: RollupTtl;
  /** Partition key of its target, `false` for none. Default: by month, or by year for buckets of a month or longer. */
  partitionBy?: string | false;
  /** Attributes of its target's columns, in place of the rollup's; `{}` for none. Default: the rollup's. */
  columns?: Record<string, RollupColumnArgs>;
}

/** Arguments of `Rollup`. All except object names are plain values: the shape of a rollup does not depend on what is deployed. */
export interface RollupArgs extends CommonArgs, TableChangeArgs {
  /** The table that feeds the rollup: its resource, or its qualified name. Give this or `sources`. */
  source?: Input<string> | Named;
  /** Several tables that feed one rollup, each through its own view. The map's keys are short names, used in the views' names. */
  sources?: Record<string, RollupSourceArgs>;
  /** Condition on the source's rows, e.g. `MetricName = 'requests'`. Default: all rows. */
  where?: string;
  /**
   * What rows are grouped by: names of columns, or a map from name to expression. Their order is that of the columns and, without
   * `orderBy`, of the sorting key: put first what readers filter by. A key that may be NULL is refused; see `settings`.
   */
  keys: string[] | Record<string, string>;
  /** The time bucket: the last column of the key, as readers see it. */
  bucket: RollupBucket;
  /** The aggregates to keep, by name: `{ requests: count(), p95: quantiles([0.95], "Latency") }`. */
  measures: Record<string, Measure>;
  /**
   * How long rows are kept. `"inherit"`: as long as the source's rows, even if the source's TTL differs from row to row; the columns it
   * depends on are then added to the end of the sorting key, hidden from readers. A duration, `"90 days"`: counted from the end of the
   * bucket. An expression over keys and bucket. `{ inherit: true, atLeast: "395 days" }`: the longer of the two. Default: forever.
   */
  ttl?: RollupTtl;
  /** Coarser rollups, each fed by the one before: `["hour", "day"]`. Default: none. */
  cascade?: (string | RollupLevelArgs)[];
  /** Name of the target table. The view adds `_mv` to it, the read view `_read`. Default: the resource's name. */
  name?: string;
  /** Name of the view that fills the target, if there is one source. Default: see `name`. */
  viewName?: string;
  /** Name of the read view, or `false` for none: readers of the target then have to merge its rows themselves. Default: see `name`. */
  read?: string | false;
  /**
   * Name of a cluster over which the targets are spread: each gets a Distributed table beside it, named like it with `_all`, and the read
   * views read that, so they show the rows of all shards. `truth` is still that of one shard. Default: none.
   */
  distributed?: string;
  /** Database of all objects: its resource or its name. Default: the source's. */
  database?: Input<string> | NamedDatabase;
  /** Engine of the targets. Default: `AggregatingMergeTree`. */
  engine?: string;
  /** Partition key of the target, `false` for none. Default: by month of the bucket, or by year for buckets of a month or longer. */
  partitionBy?: string | false;
  /** Sorting key of the targets: the names of keys and bucket, each once. Default: the keys, then the bucket. */
  orderBy?: string[];
  /**
   * Attributes of the targets' columns: `{ minute: { codec: "Delta(4), ZSTD(1)" } }`. A level uses those of the columns it has; its
   * bucket uses those of `bucket`. Default: none.
   */
  columns?: Record<string, RollupColumnArgs>;
  /** Engine settings of the targets, e.g. `{ merge_with_ttl_timeout: 86400 }`. Default: the server's. */
  settings?: Record<string, string | number | boolean>;
  /** Data skipping indexes of the targets. Default: none. */
  indexes?: IndexArgs[];
  /** Comment on the targets: free text. Default: none. */
  comment?: string;
  /** Whether and how the sources' existing rows are included, at creation; see `MaterializedView`. Default: only new rows count. */
  backfill?: boolean | BackfillArgs;
}
