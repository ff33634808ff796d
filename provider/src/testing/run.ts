import { SchemaError } from "../errors";
import { unquoteIdentifier } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import { objectKey, quotedName } from "../sql/object-key";
import type { MaterializedViewSpec } from "../sql/spec";
import { nearest } from "../util/near";
import { type Bed, isMergedLater } from "./bed";
import { readMoment } from "./clock";
import { compareRows, type Difference, isSame } from "./compare-rows";
import { expectationOf, foundRows } from "./expected";
import { pathIn } from "./files";
import { explained, insertRows, namedColumns, rowsOf } from "./rows";
import type { Expectation, Insert, Place, PlacedTest, Step } from "./test";

/** One comparison that found a difference. */
export interface Mismatch {
  /** The table or view as the test names it, or its query. */
  readonly from: string;
  readonly when: "before merges" | "after merges";
  readonly difference: Difference;
}

/** The result of a test. */
export interface TestResult {
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
  /** `invalid`: it could not be run; `reasons` says why. */
  readonly status: "passed" | "failed" | "invalid";
  readonly mismatches: readonly Mismatch[];
  readonly reasons: readonly string[];
  readonly seconds: number;
}

/** Runs a test. Whatever is wrong with it is in the result. */
export async function runTest(bed: Bed, placed: PlacedTest): Promise<TestResult> {
  const began = Date.now();
  const { file, lineOf, test } = placed;
  const line = lineOf?.(["name"]);
  const base = { name: test.name, ...(file !== undefined && { file }), ...(line !== undefined && { line }) };
  const seconds = (): number => (Date.now() - began) / 1000;
  try {
    const mismatches = await mismatchesOf(bed, placed);
    const status = mismatches.length === 0 ? "passed" : "failed";
    return { ...base, status, mismatches, reasons: [], seconds: seconds() };
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    const reasons = error.problems.map(({ message }) => located(message, placed));
    return { ...base, status: "invalid", mismatches: [], reasons, seconds: seconds() };
  }
}

/** With the line that the message is about. */
function located(message: string, { file, lineOf }: Place): string {
  const line = lineOf?.(pathIn(message));
  return file === undefined || line === undefined ? message : `${file}:${line}: ${message}`;
}

async function mismatchesOf(bed: Bed, { test, ...place }: PlacedTest): Promise<Mismatch[]> {
  const { merges = "both" } = test;
  const moment = test.now === undefined ? undefined : readMoment(test.now);
  await bed.reset(moment);
  const refreshed = new Set<MaterializedViewSpec>();
  for (const [index, step] of test.given.entries()) await take(bed, step, `given[${index}]`, place, refreshed);
  for (const view of bed.refreshables()) {
    if (!refreshed.has(view))
      await explained(`given: refresh of ${quotedName(objectKey(view.database, view.name))}`, () => bed.refresh(view));
  }
  const found: Mismatch[] = [];
  if (merges !== "always")
    found.push(...(await compareAll(bed, test.expect, place, "before merges", merges === "never")));
  if (merges === "never") return found;
  await bed.merge();
  const later = await compareAll(bed, test.expect, place, "after merges", true);
  return [...found, ...later.filter((one) => !found.some((other) => isSameMismatch(one, other)))];
}

function isSameMismatch(one: Mismatch, other: Mismatch): boolean {
  return one.from === other.from && JSON.stringify(one.difference) === JSON.stringify(other.difference);
}

async function take(
  bed: Bed,
  step: Step,
  path: string,
  place: Place,
  refreshed: Set<MaterializedViewSpec>,
): Promise<void> {
  if ("refresh" in step) {
    const key = keyNamed(bed, step.refresh, `${path}.refresh`);
    const view = bed.refreshables().find(({ database, name }) => objectKey(database, name) === key);
    if (view === undefined)
      throw new SchemaError("input-unreadable", `${path}.refresh: ${quotedName(key)} is no refreshable view`);
    refreshed.add(view);
    const moment = step.now === undefined ? undefined : readMoment(step.now);
    return explained(path, () => bed.refresh(view, moment));
  }
  await insert(bed, step, path, place);
}

async function insert(bed: Bed, step: Insert, path: string, place: Place): Promise<void> {
  const named = keyNamed(bed, step.into, `${path}.into`);
  const key = bed.inserted(named);
  if (key === undefined)
    throw new SchemaError(
      "input-unreadable",
      `${path}.into: ${quotedName(named)} is no table that takes rows here; give them to the table that it reads`,
    );
  const columns = (await bed.columnsOf(key)).filter(({ kind }) => kind !== "MATERIALIZED" && kind !== "ALIAS");
  const subject = { path, name: quotedName(key), columns };
  const given = rowsOf(step, path, place);
  const rows = given.kind === "sql" ? { ...given, query: bed.atMoment(given.query) } : given;
  const names = await namedColumns(bed.engine, rows, subject);
  await insertRows(bed.engine, quotedName(key), rows, names, subject);
  await bed.flush();
}

async function compareAll(
  bed: Bed,
  expected: readonly Expectation[],
  place: Place,
  when: Mismatch["when"],
  withTables: boolean,
): Promise<Mismatch[]> {
  const mismatches: Mismatch[] = [];
  for (const [index, one] of expected.entries()) {
    const path = `expect[${index}]`;
    const key = one.from === undefined ? undefined : keyNamed(bed, one.from, `${path}.from`);
    const spec = key === undefined ? undefined : bed.find(key);
    // Until they are merged, which rows such a table has is a matter of how they came.
    if (!withTables && spec !== undefined && isMergedLater(spec)) continue;
    const wanted = await expectationOf(bed, one, key, path, place);
    const found = await foundRows(bed, wanted, path);
    const difference = compareRows(wanted.rows, found, wanted.names, wanted.toleranceOf);
    if (!isSame(difference))
      mismatches.push({ from: key === undefined ? wanted.shown : quotedName(key), when, difference });
  }
  return mismatches;
}

/** @throws {SchemaError} for a name that the program does not declare. */
function keyNamed(bed: Bed, text: string, path: string): string {
  const parts = lex(text).filter(({ kind }) => kind === "word" || kind === "quoted");
  const [database = "", name] = parts.map((token) => unquoteIdentifier(token.text));
  const key = name === undefined ? "" : objectKey(database, name);
  if (bed.names.includes(key)) return key;
  const known = bed.names.map(quotedName);
  const alone = known.filter((one) => one.endsWith(`.${text}`));
  const near = alone[0] ?? nearest(text, known);
  const hint = near === undefined ? ` It declares: ${known.join(", ")}` : ` Did you mean ${near}?`;
  throw new SchemaError("object-missing", `${path}: the program declares no table or view ${text}.${hint}`);
}

/** Quoted names of what a test reads. */
export function keysExpected(bed: Bed, expect: readonly Expectation[]): string[] {
  return expect.flatMap(({ from, query = "" }) =>
    bed.names.filter((key) => {
      const name = quotedName(key);
      return from === undefined ? query.includes(name) : from.replaceAll("`", "") === name.replaceAll("`", "");
    }),
  );
}
