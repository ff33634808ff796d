/** What to compare, and how much of it. */
export interface VerifyOptions {
  /** Databases whose views are compared. Default: all. */
  readonly databases?: readonly string[];
  /** `database.name` of views or of their targets. Default: all in the databases. */
  readonly names?: readonly string[];
  /** First moment to compare, in milliseconds since 1970; rounded out to whole buckets. Default: from the beginning. */
  readonly from?: number;
  /** End of the comparison, exclusive, in milliseconds since 1970. Default: to the end. */
  readonly to?: number;
  /** Compares only this many buckets, chosen at random. */
  readonly sample?: number;
  /** How far apart two float sums of the same numbers in another order may be, as a share. Default: 1e-9. */
  readonly tolerance?: number;
  /** Memory of one statement on the server, in bytes; groups that do not fit spill to its disk. Default: 4 GiB. */
  readonly maxMemory?: number;
  /** Threads of one statement. Default: the server's. */
  readonly maxThreads?: number;
  /** Approximate number of target rows that one statement compares. Default: 5 million. */
  readonly windowRows?: number;
  /** Called with what is being compared. */
  readonly onProgress?: (progress: VerifyProgress) => void;
  /** Stops the work before its next statement. */
  readonly signal?: AbortSignal;
}

/** Progress of a comparison. */
export interface VerifyProgress {
  /** Quoted and qualified. */
  readonly target: string;
  readonly window: number;
  readonly windows: number;
  /** Rows of the target and its sources that were read so far, where the server tells; never fewer than before. */
  readonly read: number;
}

/**
 * The result for a target. `unproven`: a merge of a source changes what is compared with, so that what is equal and what differs now proves
 * nothing. `inexact`: something differs, which it legitimately may: the views' own results are not those of a SELECT over all rows.
 */
export type Verdict = "equal" | "unproven" | "different" | "inexact" | "not verifiable";

/** A target with all the views that feed it, and the result of comparing it with them. */
export interface TargetReport {
  /** The table, or the view whose inner table it is; quoted and qualified. */
  readonly target: string;
  readonly views: readonly string[];
  readonly sources: readonly string[];
  readonly verdict: Verdict;
  /** Why nothing was compared. */
  readonly reason?: string;
  /** Why the expected rows may legitimately differ. */
  readonly inexact: readonly string[];
  /** What defines a bucket, e.g. `time_bucket`. */
  readonly bucket: string;
  /** Buckets that were compared. */
  readonly compared: number;
  readonly equal: number;
  /** Buckets that are equal only until parts of a source merge; none of them is in `equal`. */
  readonly unproven: number;
  /** Buckets that were not compared because some of their rows have expired, in the source or in the target. */
  readonly leftOut: number;
  /** Buckets that differ, but were written to during every check. */
  readonly busy: number;
  readonly differences: readonly BucketDifference[];
  /** Columns that are compared, and how. */
  readonly columns: readonly { readonly column: string; readonly rule: string }[];
  /** Columns that are not compared, and why. */
  readonly omitted: readonly { readonly column: string; readonly reason: string }[];
  /** Further notes. */
  readonly notes: readonly string[];
  readonly seconds: number;
}

/** A bucket of a target that does not match its sources. */
export interface BucketDifference {
  /** As the server prints it. */
  readonly bucket: string;
  /** Its name in SQL; see `bucket.ts`. */
  readonly id: string;
  /** Keys that differ, including missing and surplus ones. */
  readonly keys: number;
  /** Keys that are missing from the target. */
  readonly missing: number;
  /** Keys that only the target has. */
  readonly surplus: number;
  /** One of the missing or surplus keys. */
  readonly example?: string;
  readonly columns: readonly ColumnDifference[];
}

/** A column that differs, with one of the keys as an example. */
export interface ColumnDifference {
  readonly column: string;
  readonly keys: number;
  /** The first of them, as a tuple. */
  readonly key: string;
  readonly expected: string;
  readonly found: string;
}
