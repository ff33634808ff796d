/** Rows by column. Integers too large for a number are bigints or strings; times and decimals are strings. */
export type Row = Readonly<Record<string, unknown>>;

/** Rows, in one of four ways. */
export interface RowsGiven {
  readonly rows?: readonly Row[];
  /** With a line of column names. */
  readonly csv?: string;
  /** A SELECT that returns them. */
  readonly sql?: string;
  /** Path of a .csv, .json, .jsonl or .sql file, relative to the file of the test. */
  readonly file?: string;
}

/** One INSERT. */
export interface Insert extends RowsGiven {
  /** `database.table`. */
  readonly into: string;
}

/** A refresh of a refreshable view at this point, instead of one after all inserts. */
export interface Refresh {
  /** `database.view`. */
  readonly refresh: string;
  /** The clock of this refresh, as in {@link ViewTest.now}. Default: that of the test. */
  readonly now?: string;
}

/** What happens before rows are expected, in order. */
export type Step = Insert | Refresh;

/** Rows that a table, a view or a query has to return, in any order. Only the columns that a row names are compared. */
export interface Expectation extends RowsGiven {
  /** `database.name` of a table or a view. */
  readonly from?: string;
  /** A SELECT, in place of `from`. */
  readonly query?: string;
  /** How far apart floats may be, as a share. Default: 1e-9. */
  readonly tolerance?: number;
}

/** When rows are compared. `both`: views before and after merges, tables after them. */
export const MERGES = ["both", "never", "always"] as const;
export type Merges = (typeof MERGES)[number];

/** A test of views. */
export interface ViewTest {
  readonly name: string;
  /** What `now()`, `today()` and the like return, in UTC: `2026-03-01 12:00:00`. Default: the clock. */
  readonly now?: string;
  /** When rows are compared: `never` merged, `always` merged (OPTIMIZE … FINAL), or `both`. Default: both. */
  readonly merges?: Merges;
  readonly given: readonly Step[];
  readonly expect: readonly Expectation[];
}

/** Where a test is. */
export interface Place {
  /** Path of its file; undefined for a test in a program. */
  readonly file?: string;
  /** Line of a part of the test, e.g. of `expect[0].rows[2]`. */
  readonly lineOf?: (path: readonly (string | number)[]) => number | undefined;
}

/** A test with its place. */
export interface PlacedTest extends Place {
  readonly test: ViewTest;
}
