/** What to compare, and how much of it. */
export interface VerifyOptions {
  /** Databases whose views are meant. Default: all. */
  readonly databases?: readonly string[];
  /** `database.name` of views or of their targets. Default: all of the databases. */
  readonly names?: readonly string[];
  /** First moment to compare, in milliseconds since 1970; rounded out to whole buckets. Default: from the beginning. */
  readonly from?: number;
  /** The moment to end before, in milliseconds since 1970. Default: to the end. */
  readonly to?: number;
  /** Compares this many buckets, chosen by chance, and not all. */
  readonly sample?: number;
  /** How far apart two floats may be that are sums of the same numbers in another order, as a share. Default: 1e-9. */
  readonly tolerance?: number;
  /** Memory of one statement on the server, in bytes; groups that do not fit go to its disk. Default: 4 GiB. */
  readonly maxMemory?: number;
  /** Target rows that are compared by one statement, about. Default: 5 million. */
  readonly windowRows?: number;
  /** Told what is being compared. */
  readonly onProgress?: (progress: VerifyProgress) => void;
  /** Ends the work before its next statement. */
  readonly signal?: AbortSignal;
}

/** How far a comparison is. */
export interface VerifyProgress {
  /** Quoted and qualified. */
  readonly target: string;
  readonly window: number;
  readonly windows: number;
}

/**
 * What became of a target. `inexact`: compared, but the views' own results may rightly differ from a SELECT over all rows, or
 * are equal only until parts of a source merge.
 */
export type Verdict = "equal" | "different" | "inexact" | "not verifiable";

/** A target with all the views that feed it, and how it compares with them. */
export interface TargetReport {
  /** The table, or the view that hides it; quoted and qualified. */
  readonly target: string;
  readonly views: readonly string[];
  readonly sources: readonly string[];
  readonly verdict: Verdict;
  /** Why nothing was compared. */
  readonly reason?: string;
  /** Why the truth may rightly differ. */
  readonly inexact: readonly string[];
  /** What a bucket is, e.g. `time_bucket`. */
  readonly bucket: string;
  /** Buckets that were compared. */
  readonly compared: number;
  readonly equal: number;
  /** Buckets that were not compared, because rows of them have expired, in the source or in the target. */
  readonly leftOut: number;
  /** Buckets that differ, but were written to each time they were looked at. */
  readonly busy: number;
  readonly differences: readonly BucketDifference[];
  /** Columns that are compared, and how. */
  readonly columns: readonly { readonly column: string; readonly rule: string }[];
  /** Columns that are not. */
  readonly omitted: readonly { readonly column: string; readonly reason: string }[];
  /** What else is to be said. */
  readonly notes: readonly string[];
  readonly seconds: number;
}

/** A bucket of a target that is not what its sources say. */
export interface BucketDifference {
  /** As the server prints it. */
  readonly bucket: string;
  /** How it is named in SQL; see `bucket.ts`. */
  readonly id: string;
  /** Keys that differ, missing and surplus ones included. */
  readonly keys: number;
  /** Keys that the target has not. */
  readonly missing: number;
  /** Keys that only the target has. */
  readonly surplus: number;
  /** One of the keys that are missing or surplus. */
  readonly example?: string;
  readonly columns: readonly ColumnDifference[];
}

/** A column that differs, with one key of many. */
export interface ColumnDifference {
  readonly column: string;
  readonly keys: number;
  /** The first of them, as a tuple. */
  readonly key: string;
  readonly expected: string;
  readonly found: string;
}
