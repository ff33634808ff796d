import type { Runner } from "../operation/runner";
import { backtick, qualifiedName } from "../sql/identifiers";
import { type Bucket, chooseBucket, describeBucket } from "./bucket";
import { type Comparison, incomparable, typesQuery } from "./comparison";
import { expiryOf } from "./expiry";
import { measuresOf } from "./measures";
import { onlySelect, withOutput } from "./rewrite";
import type { Subject } from "./subject";
import { tableOf } from "./subjects";

/** A comparison that is ready to run, with its notes. */
export interface Prepared {
  readonly comparison: Comparison;
  /** Rows whose TTL ends by then may be gone; in seconds since 1970. */
  readonly until: number;
  /** Why the expected rows may legitimately differ. */
  readonly inexact: readonly string[];
}

/**
 * Prepares the comparison of a target with its views. Queries types, times that are not whole minutes, and the shortest retention.
 *
 * @param known the kind of bucket that an earlier comparison used.
 */
export async function prepare(runner: Runner, subject: Subject, tolerance = 1e-9, known?: Bucket): Promise<Prepared> {
  const spec = tableOf(subject);
  const bucket = known ?? (await bucketOf(runner, subject));
  const { keys, measures, omitted, vanishes } = measuresOf(subject, spec);
  const now = await moment(runner);
  const { ask, conditions, unclear } = expiryOf(subject, spec, keys, bucket);
  const inexact = [...unclear];
  const all = [...conditions];
  for (const { seconds, source } of ask) {
    const retention = await shortest(runner, source, seconds);
    if (retention === undefined || bucket.kind !== "time") all.push("1");
    else all.push(`${backtick(bucket.column)} <= toDateTime(${now - retention})`);
  }
  const expired = all.length === 0 ? "0" : `(${all.join(" OR ")})`.replaceAll("@now", `toDateTime(${now})`);
  const draft: Comparison = {
    subject,
    spec,
    bucket,
    keys,
    measures,
    omitted,
    vanishes,
    expired,
    tolerance,
    types: new Map(),
    candidateTypes: await candidateTypes(runner, subject, measures),
  };
  const typed = { ...draft, types: await typesOf(runner, draft) };
  const without = incomparable(typed);
  if (without.length === 0) return { comparison: typed, until: now, inexact };
  const kept = measures.filter(({ column }) => !without.some((one) => one.column === column));
  const smaller = { ...draft, measures: kept, omitted: [...omitted, ...without] };
  return { comparison: { ...smaller, types: await typesOf(runner, smaller) }, until: now, inexact };
}

/** The chosen bucket in words. */
export function bucketText({ bucket }: Comparison): string {
  return describeBucket(bucket);
}

/** The server's clock plus one minute: what is about to expire is not compared. */
async function moment(runner: Runner): Promise<number> {
  return Math.floor((await runner.now()) / 1000) + 60;
}

async function bucketOf(runner: Runner, subject: Subject): Promise<Bucket> {
  const spec = tableOf(subject);
  const bucket = chooseBucket(spec);
  if (bucket.kind !== "time" || bucket.unit === "days") return bucket;
  const { odd } = await runner.one<{ odd: string }>(
    `SELECT toString(countIf(toUnixTimestamp(${backtick(bucket.column)}) % 60 != 0)) AS odd FROM ${qualifiedName(subject.target)} SETTINGS final = 0`,
  );
  return chooseBucket(spec, odd !== "0");
}

async function shortest(runner: Runner, source: string, seconds: string): Promise<number | undefined> {
  const { rows, least } = await runner.one<{ rows: string; least: string }>(
    `SELECT toString(count()) AS rows, toString(min(${seconds})) AS least FROM ${source} SETTINGS final = 0`,
  );
  return rows === "0" ? undefined : Number(least);
}

interface Described {
  readonly name: string;
  readonly type: string;
}

async function typesOf(runner: Runner, comparison: Comparison): Promise<ReadonlyMap<string, string>> {
  const rows = await runner.rows<Described>(typesQuery(comparison));
  return new Map(rows.map(({ name, type }) => [name, type]));
}

async function candidateTypes(
  runner: Runner,
  { feeds }: Subject,
  measures: Comparison["measures"],
): Promise<ReadonlyMap<string, string>> {
  const [feed] = feeds;
  const wanted = measures.filter(({ candidates }) => candidates !== undefined);
  const select = feed === undefined ? undefined : onlySelect(feed.view.query);
  if (feed === undefined || select === undefined || wanted.length === 0) return new Map();
  const outputs = wanted.map(({ candidates }, index) => `${candidates} AS _schema_c${index}`).join(", ");
  const rows = await runner.rows<Described>(`DESCRIBE (${withOutput(feed.view.query, select, outputs)})`);
  const types = new Map(rows.map(({ name, type }) => [name, type]));
  return new Map(wanted.map(({ column }, index) => [column, types.get(`_schema_c${index}`) ?? ""]));
}
