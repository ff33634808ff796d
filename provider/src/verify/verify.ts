import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";
import { findConflict } from "../operation/conflicts";
import { refuseFiltered } from "../operation/guard";
import { newOperation } from "../operation/names";
import { Runner } from "../operation/runner";
import { qualifiedName } from "../sql/identifiers";
import type { Range } from "./bucket";
import { batches, firstBucket, recheckUntilStable, sampleOf } from "./compare";
import { type Comparison, describeRule, MOST_BUCKETS, type Scope } from "./comparison";
import { bucketText, type Prepared, prepare } from "./prepare";
import { Reading } from "./progress";
import type { Subject } from "./subject";
import { loadSubjects } from "./subjects";
import { DEFAULT_WINDOW, type Summary, summarize, windowsOf } from "./summary";
import type { BucketDifference, TargetReport, Verdict, VerifyOptions } from "./types";
import { assessVerifiability } from "./verifiability";

/** A target's report together with the data that a repair needs. */
export interface Verified {
  readonly report: TargetReport;
  readonly subject: Subject;
  /** Absent where nothing could be compared. */
  readonly comparison?: Comparison;
}

/**
 * Compares the targets of incremental materialized views with what their views' SELECTs return over the whole sources. Read-only; inserts
 * may continue. In the order in which rows flow from table to table.
 *
 * Costs a grouping of the source's rows for each target, and memory for the keys of one window; see {@link VerifyOptions}.
 *
 * @throws {SchemaError} for names that are neither views nor targets, for a window or a sample of a target without time buckets, and where
 *   a row policy hides rows from this user.
 */
export async function verify(connection: Connection, options: VerifyOptions = {}): Promise<TargetReport[]> {
  const reports: TargetReport[] = [];
  for (const subject of await loadSubjects(connection, options)) {
    reports.push((await verifySubject(connection, subject, options)).report);
  }
  return reports;
}

/** {@link verify} for one target. @param earlier compares only the buckets that differed there. */
export async function verifySubject(
  connection: Connection,
  subject: Subject,
  options: VerifyOptions = {},
  earlier?: Verified,
): Promise<Verified> {
  const began = Date.now();
  const seconds = (): number => (Date.now() - began) / 1000;
  const doubts = assessVerifiability(subject);
  const runner = new Runner(connection, newOperation(), options.signal === undefined ? {} : { signal: options.signal });
  const reason = doubts.reason ?? (await unfinished(runner, subject));
  if (reason !== undefined) return { subject, report: { ...emptyReport(subject), reason, seconds: seconds() } };
  const read = subject.feeds.flatMap(({ source }) => source ?? []);
  await refuseFiltered(runner, [subject.target, ...read]);
  const prepared = await prepare(runner, subject, options.tolerance, earlier?.comparison?.bucket);
  const { comparison } = prepared;
  const result = await compareAll(
    runner,
    prepared,
    options,
    earlier?.report.differences.map(({ id }) => id),
  );
  const inexact = [...doubts.inexact, ...prepared.inexact];
  const differs = result.differences.length > 0;
  const report: TargetReport = {
    ...emptyReport(subject),
    ...result,
    ...(doubts.changesWithMerges && { equal: 0, unproven: result.equal }),
    verdict: verdictOf(differs, inexact.length > 0, doubts.changesWithMerges),
    inexact,
    bucket: bucketText(comparison),
    columns: comparison.measures.map((measure) => ({ column: measure.column, rule: describeRule(measure) })),
    omitted: comparison.omitted,
    notes: [...throughViews(subject), ...result.notes],
    seconds: seconds(),
  };
  return { subject, report, comparison };
}

function verdictOf(differs: boolean, isInexact: boolean, changesWithMerges: boolean): Verdict {
  if (changesWithMerges) return "unproven";
  if (!differs) return "equal";
  return isInexact ? "inexact" : "different";
}

/** During a backfill or a change, some rows are where the comparison does not look. A repair leaves whole partitions. */
async function unfinished(runner: Runner, { feeds, shown, target }: Subject): Promise<string | undefined> {
  const names = [target, shown, ...feeds.map(({ view }) => view)];
  const other = await findConflict(runner, names, { but: ["repair"] });
  if (other === undefined) return undefined;
  return `operation ${other.operation} (${other.kind}) around it is unfinished; \`clickhouse-schema operations\` shows it`;
}

function throughViews({ feeds }: Subject): string[] {
  return feeds.flatMap(({ source, view }) =>
    source?.through === undefined
      ? []
      : [
          `${qualifiedName(view)} reads the view ${qualifiedName(source.through)}, which no insert reaches: it gets no rows`,
        ],
  );
}

function emptyReport(subject: Subject): TargetReport {
  const sources = new Set(subject.feeds.flatMap(({ source }) => (source === undefined ? [] : [qualifiedName(source)])));
  return {
    target: qualifiedName(subject.shown),
    views: subject.feeds.map(({ view }) => qualifiedName(view)),
    sources: [...sources],
    verdict: "not verifiable",
    inexact: [],
    bucket: "",
    compared: 0,
    equal: 0,
    unproven: 0,
    leftOut: 0,
    busy: 0,
    differences: [],
    columns: [],
    omitted: [],
    notes: [],
    seconds: 0,
  };
}

type Result = Pick<TargetReport, "compared" | "equal" | "leftOut" | "busy" | "differences" | "notes">;

async function compareAll(
  runner: Runner,
  { comparison, until }: Prepared,
  options: VerifyOptions,
  only: readonly string[] | undefined,
): Promise<Result> {
  const scopes = await scopesOf(runner, comparison, options, only);
  const summaries: Summary[] = [];
  const target = qualifiedName(comparison.subject.shown);
  const chunks = { rows: options.windowRows ?? DEFAULT_WINDOW };
  const reading = new Reading();
  for (const [index, scope] of scopes.entries()) {
    const tell = (rows: number): void =>
      options.onProgress?.({ target, window: index + 1, windows: scopes.length, read: reading.at(rows) });
    tell(0);
    summaries.push(...(await summarize(runner, comparison, scope, { ...options, onRead: tell }, chunks)));
  }
  const different = summaries.flatMap((summary) => summary.different);
  const looked = await recheckUntilStable(runner, comparison, different, options);
  const { old, rest } = await withoutOld(runner, comparison, looked.differences, options);
  const sum = (of: (summary: Summary) => number): number => summaries.reduce((total, one) => total + of(one), 0);
  const leftOut = sum(({ expired }) => expired) + old;
  const compared = sum(({ buckets }) => buckets) - leftOut;
  const notes: string[] = [];
  const [gone, partly] = [sum(({ expired }) => expired), sum((summary) => summary.partly)];
  if (gone + partly > 0) {
    const by = new Date(until * 1000).toISOString().slice(0, 19);
    notes.push(
      `rows may have expired by ${by}Z: ${gone} bucket(s) left out, ${partly} compared without the keys concerned`,
    );
  }
  if (old > 0) notes.push(`${old} bucket(s) older than the sources' oldest row left out`);
  if (looked.busy.length > 0) notes.push(`${looked.busy.length} bucket(s) written to all the time: undecided`);
  if (different.length >= MOST_BUCKETS) notes.push(`more than ${MOST_BUCKETS} buckets differ; the first are listed`);
  return {
    compared,
    equal: compared - rest.length - looked.busy.length,
    leftOut,
    busy: looked.busy.length,
    differences: rest,
    notes,
  };
}

async function scopesOf(
  runner: Runner,
  comparison: Comparison,
  options: VerifyOptions,
  only: readonly string[] | undefined,
): Promise<Scope[]> {
  if (only !== undefined) return [...batches(only, comparison)].map((ids) => ({ ids }));
  const range = rangeAsked(comparison, options);
  if (options.sample === undefined) return windowsOf(runner, comparison, range, options);
  return (await sampleOf(runner, comparison, range, options.sample, options)).map((id) => ({ ids: [id] }));
}

/** Leaves out buckets older than the sources' oldest row: sources whose old partitions were dropped say nothing about them. */
async function withoutOld(
  runner: Runner,
  comparison: Comparison,
  differences: readonly BucketDifference[],
  options: VerifyOptions,
): Promise<{ old: number; rest: BucketDifference[] }> {
  const isLeft = ({ keys, surplus }: BucketDifference): boolean => keys === surplus;
  if (comparison.bucket.kind !== "time" || !differences.some(isLeft)) return { old: 0, rest: [...differences] };
  const first = await firstBucket(runner, comparison, options);
  const rest = differences.filter((one) => !isLeft(one) || Number(one.id) >= first);
  return { old: differences.length - rest.length, rest };
}

function rangeAsked({ bucket, subject }: Comparison, { from, to }: VerifyOptions): Range {
  if (from === undefined && to === undefined) return {};
  if (bucket.kind !== "time") {
    throw new SchemaError(
      "option-invalid",
      `${qualifiedName(subject.shown)}: has no time column in its sorting key, so there is no window of it; leave --from and --to away.`,
    );
  }
  const unit = bucket.unit === "days" ? 86_400_000 : 1000;
  const whole = (at: number): number => Math.floor(at / unit / bucket.width) * bucket.width;
  return {
    ...(from !== undefined && { from: whole(from) }),
    ...(to !== undefined && { to: Math.ceil(to / unit / bucket.width) * bucket.width }),
  };
}
