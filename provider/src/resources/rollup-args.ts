import type { Measure, RollupBucket, RollupTtl } from "../rollup";
import type { BackfillArgs, CommonArgs, IndexArgs, Input, Named, NamedDatabase, TableChangeArgs } from "./args";

/** What a column of a rollup's target has besides its type. */
export interface RollupColumnArgs {
  /** Compression, e.g. `Delta(4), ZSTD(1)`. */
  codec?: string;
  /** Statistics, e.g. `uniq, tdigest`. */
  statistics?: string;
  /** When values fall back to the type's default. */
  ttl?: string;
  /** Free text. */
  comment?: string;
  /** Column settings, e.g. `{ min_compress_block_size: 16777216 }`. */
  settings?: Record<string, string | number | boolean>;
}

/** One of several sources of a rollup: what is not given is the rollup's. */
export interface RollupSourceArgs {
  /** The table that feeds the rollup: its resource, or its qualified name. */
  source: Input<string> | Named;
  /** Condition on this source's rows, e.g. `BodyHash != ''`. */
  where?: string;
  /** Keys that come from something else here, e.g. `{ data_type: "'logs'" }`. */
  keys?: Record<string, string>;
  /** Time of a row here. */
  time?: string;
  /** Measures over something else here; the functions must be the same. */
  measures?: Record<string, Measure>;
  /** Database of the view. Default: the rollup's. */
  database?: Input<string> | NamedDatabase;
  /** Name of the view on the server. Default: rollup, source and `mv`, e.g. `ingestion_logs_mv`. */
  viewName?: string;
}

/** A coarser rollup that is fed by the one below it. */
export interface RollupLevelArgs {
  /** Width of its buckets; whole buckets of the level below make one. */
  every: string;
  /** Name of its target. Default: that of the rollup and the width, e.g. `requests_hour`. */
  name?: string;
  /** Name of the view that fills it. Default: its name and `_mv`. */
  viewName?: string;
  /** Name of its read view, or `false` for none. Default: its name and `_read`; none where the rollup has none. */
  read?: string | false;
  /** Name of its bucket column. Default: as below. */
  bucket?: string;
  /** How long its rows stay. Default: as below. */
  ttl?: RollupTtl;
  /** Partition key of its target, `false` for none. Default: by month, or by year for buckets of a month and more. */
  partitionBy?: string | false;
  /** What columns of its target have besides their types, where that is not what the rollup says: `{}` for nothing. Default: as the rollup says. */
  columns?: Record<string, RollupColumnArgs>;
}

/** Arguments of `Rollup`. All of them but names of objects are plain values: the shape of a rollup does not depend on what is deployed. */
export interface RollupArgs extends CommonArgs, TableChangeArgs {
  /** The table that feeds the rollup: its resource, or its qualified name. Give this or `sources`. */
  source?: Input<string> | Named;
  /** Several tables that feed the one rollup, each through a view of its own, by a short name that goes into the view's. */
  sources?: Record<string, RollupSourceArgs>;
  /** Which rows count, e.g. `MetricName = 'requests'`. Default: all. */
  where?: string;
  /**
   * What rows are grouped by, in the order of the columns and, without `orderBy`, of the sorting key: put first what readers filter by.
   * Names of columns, or a map from name to expression. A key that may be NULL is refused; see `settings`.
   */
  keys: string[] | Record<string, string>;
  /** The time bucket, the last part of the key that readers see. */
  bucket: RollupBucket;
  /** What is kept of the rows, by name: `{ requests: count(), p95: quantiles([0.95], "Latency") }`. */
  measures: Record<string, Measure>;
  /**
   * How long rows stay. `"inherit"`: as long as the rows they were made from, also where the source's TTL differs from row to row; the
   * columns it depends on then end the sorting key, unseen by readers. A time, `"90 days"`: counted from the end of the bucket. An
   * expression over keys and bucket. `{ inherit: true, atLeast: "395 days" }`: the longer of both. Default: for ever.
   */
  ttl?: RollupTtl;
  /** Coarser rollups on top, each fed by the one before: `["hour", "day"]`. Default: none. */
  cascade?: (string | RollupLevelArgs)[];
  /** Name of the target table; the view's is this and `_mv`, the read view's this and `_read`. Default: the resource's name. */
  name?: string;
  /** Name of the view that fills the target, where there is one source. Default: as said under `name`. */
  viewName?: string;
  /** Name of the read view, or `false` for none: whoever reads the target then has to merge its rows. Default: as said under `name`. */
  read?: string | false;
  /** Database of all objects: its resource or its name. Default: that of the source. */
  database?: Input<string> | NamedDatabase;
  /** Engine of the targets. Default: `AggregatingMergeTree`. */
  engine?: string;
  /** Partition key of the target, `false` for none. Default: by month of the bucket, or by year for buckets of a month and more. */
  partitionBy?: string | false;
  /** Sorting key of the targets: the names of keys and bucket, each once. Default: the keys, then the bucket. */
  orderBy?: string[];
  /**
   * What columns of the targets have besides their types: `{ minute: { codec: "Delta(4), ZSTD(1)" } }`. Levels have it where they have
   * the column, their bucket what the bucket has. Default: nothing.
   */
  columns?: Record<string, RollupColumnArgs>;
  /** Engine settings of the targets, e.g. `{ merge_with_ttl_timeout: 86400 }`. Default: the server's. */
  settings?: Record<string, string | number | boolean>;
  /** Data skipping indexes of the targets. Default: none. */
  indexes?: IndexArgs[];
  /** Free text on the targets. */
  comment?: string;
  /** Whether and how rows that the sources already have are filled in, at creation; see `MaterializedView`. Default: only new rows count. */
  backfill?: boolean | BackfillArgs;
}
