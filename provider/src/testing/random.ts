import { ServerError } from "../connection/errors";
import { messageOf, SchemaError } from "../errors";
import { qualifiedName } from "../sql/identifiers";
import { keyOf, objectKey, quotedName } from "../sql/object-key";
import { loadSubjects, type Subject, type TargetReport, verifySubject } from "../verify";
import { assessVerifiability } from "../verify/verifiability";
import type { Bed } from "./bed";
import { literalsBehind } from "./literals";
import { below, oneOf, type Pool, type Random, randomValue, seeded } from "./random-values";
import { insertRows } from "./rows";
import type { Row } from "./test";

/** How random rows are made. */
export interface RandomOptions {
  /** Determines the rows, the inserts and the merges. Default: 1. */
  readonly seed?: number;
  /** Rows for each table that is inserted into. Default: 300. */
  readonly rows?: number;
}

/** The result for a target that is fed by incremental views. */
export interface RandomResult {
  /** Quoted and qualified; so are the others. */
  readonly target: string;
  readonly views: readonly string[];
  readonly sources: readonly string[];
  /** `not-tested`: the law does not hold for it, or nothing came through; `reason` says why. */
  readonly status: "passed" | "failed" | "not-tested";
  readonly reason?: string;
  /** Rows in the target that were compared, before all merges. */
  readonly rows: number;
  /** Columns that were not compared, and why. */
  readonly omitted: readonly { readonly column: string; readonly reason: string }[];
  readonly differences: TargetReport["differences"];
}

/** Everything that `now()` and random times lie around. */
export const RANDOM_MOMENT = Date.UTC(2026, 0, 15, 12);
const ROWS = 300;
/** Part of the rows that differ from an earlier one in few columns. */
const ALIKE = 0.8;
/** Most inserts into one table. */
const INSERTS = 6;

/**
 * Random rows in random inserts and merges, after which the target of every incremental view has to hold what the views' queries return over
 * all rows, as `verify` compares them. Targets for which that is no law are named with the reason.
 *
 * @param isWanted tells the targets that are tested.
 */
export async function runRandom(
  bed: Bed,
  options: RandomOptions,
  isWanted: (subject: Subject) => boolean = () => true,
): Promise<RandomResult[]> {
  await bed.reset(RANDOM_MOMENT);
  const subjects = await loadSubjects(bed.engine);
  const wanted = subjects.filter(isWanted);
  if (wanted.length === 0) return refreshableResults(bed);
  const refused = await fill(bed, subjects, options);
  const results: RandomResult[] = [];
  for (const subject of wanted) results.push(await resultOf(bed, subject, refused));
  return [...results, ...refreshableResults(bed)];
}

/** They are recomputed, not fed: there is nothing to compare with. */
function refreshableResults(bed: Bed): RandomResult[] {
  return bed.refreshables().map((view) => ({
    ...emptyResult,
    target: qualifiedName(view.to ?? view),
    views: [quotedName(keyOf(view))],
    sources: [],
    reason: "it is refreshable: recomputed on its schedule, not fed by inserts",
  }));
}

const emptyResult = { status: "not-tested", rows: 0, omitted: [], differences: [] } as const;

async function resultOf(bed: Bed, subject: Subject, refused: ReadonlyMap<string, string>): Promise<RandomResult> {
  const sources = subject.feeds.flatMap(({ source }) => (source === undefined ? [] : [qualifiedName(source)]));
  const base = {
    target: qualifiedName(subject.shown),
    views: subject.feeds.map(({ view }) => qualifiedName(view)),
    sources: [...new Set(sources)],
    omitted: [],
    differences: [],
  };
  const notTested = (reason: string, rows = 0): RandomResult => ({ ...base, status: "not-tested", reason, rows });
  const { changesWithMerges, inexact, reason } = assessVerifiability(subject);
  if (reason !== undefined) return notTested(reason);
  if (changesWithMerges || inexact.length > 0) return notTested(inexact.join("; "));
  const why = sources.flatMap((source) => refused.get(source) ?? [])[0];
  if (why !== undefined) return notTested(why);
  const rows = await countOf(bed, subject);
  if (rows === 0) return notTested("none of the random rows came through its conditions");
  try {
    const { report } = await verifySubject(bed.engine, subject);
    return { ...outcome(report), ...base, rows, omitted: report.omitted, differences: report.differences };
  } catch (error) {
    if (!(error instanceof SchemaError || error instanceof ServerError)) throw error;
    return notTested(`it could not be compared: ${messageOf(error).split("\n", 1)[0]}`, rows);
  }
}

function outcome({ columns, differences, reason, verdict }: TargetReport): Pick<RandomResult, "status" | "reason"> {
  if (verdict === "different") return { status: "failed" };
  if (verdict !== "equal") return { status: "not-tested", reason: reason ?? `the comparison is ${verdict}` };
  if (columns.length === 0 && differences.length === 0)
    return { status: "passed", reason: "only its keys were compared" };
  return { status: "passed" };
}

async function countOf(bed: Bed, { target }: Subject): Promise<number> {
  const [row] = await bed.engine.query<{ rows: string }>(
    `SELECT toString(count()) AS rows FROM ${qualifiedName(target)}`,
  );
  return Number(row?.rows ?? 0);
}

/** Tables that clients insert into. @returns why random rows could not be inserted, by quoted name. */
async function fill(bed: Bed, subjects: readonly Subject[], options: RandomOptions): Promise<Map<string, string>> {
  const { rows = ROWS, seed = 1 } = options;
  const random = seeded(seed);
  const targets = new Set(subjects.map(({ target }) => qualifiedName(target)));
  const queries = bed.all().flatMap((spec) => ("query" in spec ? [spec.query] : []));
  const read = new Map(
    subjects.flatMap(({ feeds }) =>
      feeds.flatMap(({ source }) => (source === undefined ? [] : [[qualifiedName(source), source] as const])),
    ),
  );
  const bases = [...read].filter(([name]) => !targets.has(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  const refused = new Map<string, string>();
  for (const [name, source] of bases) {
    const key = objectKey(source.database, source.name);
    const why =
      bed.inserted(key) !== key
        ? `${name} takes no rows here`
        : await fillTable(bed, key, queries, { random, rows, targets });
    if (why !== undefined) refused.set(name, why);
  }
  return refused;
}

interface Filling {
  readonly random: Random;
  readonly rows: number;
  readonly targets: ReadonlySet<string>;
}

async function fillTable(
  bed: Bed,
  key: string,
  queries: readonly string[],
  { random, rows: count, targets }: Filling,
): Promise<string | undefined> {
  const columns = (await bed.columnsOf(key)).filter(({ kind }) => kind === "" || kind === "DEFAULT");
  const literals = literalsBehind(
    queries,
    columns.map(({ name }) => name),
  );
  const inserts = 2 + below(random, INSERTS - 1);
  const open: Row[][] = Array.from({ length: inserts }, () => []);
  const skipped = new Set<string>();
  const poolOf = (name: string): Pool => ({ random, literals: literals.get(name) ?? [], moment: RANDOM_MOMENT });
  const made: Row[] = [];
  for (let index = 0; index < count; index++) {
    const earlier = random() < ALIKE ? oneOf(random, made) : undefined;
    const row = earlier === undefined ? rowOf(columns, poolOf, skipped) : likeRow(earlier, columns, poolOf, random);
    made.push(row);
    open[below(random, inserts)]?.push(row);
  }
  const names = columns.flatMap(({ name }) => (skipped.has(name) ? [] : [name]));
  const name = quotedName(key);
  for (const rows of open) {
    try {
      await insertRows(bed.engine, name, { kind: "rows", rows }, names, { path: "random rows", name, columns });
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      return messageOf(error).split("\n", 1)[0];
    }
    await bed.flush();
    if (random() < 0.5) await bed.merge((table) => targets.has(table) && random() < 0.5);
  }
  return undefined;
}

/** A row that differs from an earlier one in few columns: such rows share keys. */
function likeRow(earlier: Row, columns: readonly Typed[], poolOf: (name: string) => Pool, random: Random): Row {
  const chosen = Array.from({ length: 1 + below(random, 3) }, () => oneOf(random, columns));
  // The parts of a Nested stay as they are, which have one length.
  const changed = columns.filter((column) => chosen.includes(column) && !column.name.includes("."));
  return { ...earlier, ...rowOf(changed, poolOf, new Set()) };
}

interface Typed {
  readonly name: string;
  readonly type: string;
}

function rowOf(columns: readonly Typed[], poolOf: (name: string) => Pool, skipped: Set<string>): Row {
  const values = columns.flatMap(({ name, type }): [string, unknown][] => {
    const value = randomValue(type, poolOf(name));
    if (value === undefined) skipped.add(name);
    return value === undefined ? [] : [[name, value]];
  });
  // The parts of a Nested have the same length.
  const lengths = new Map<string, number>();
  for (const [name, value] of values) {
    const [nested = "", part] = name.split(".");
    if (part === undefined || !Array.isArray(value)) continue;
    lengths.set(nested, Math.min(lengths.get(nested) ?? value.length, value.length));
  }
  return Object.fromEntries(
    values.map(([name, value]) => {
      const length = lengths.get(name.split(".")[0] ?? "");
      return [
        name,
        name.includes(".") && Array.isArray(value) && length !== undefined ? value.slice(0, length) : value,
      ];
    }),
  );
}
