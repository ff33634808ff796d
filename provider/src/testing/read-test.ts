import { describe, isObject, join, objectAt, Problems, type Raw } from "../declare/fields";
import { readMoment } from "./clock";
import { MERGES, type ViewTest } from "./test";

const TEST_KEYS = ["name", "now", "merges", "given", "expect"];
const ROWS_KEYS = ["rows", "csv", "sql", "file"] as const;
const INSERT_KEYS = ["into", ...ROWS_KEYS];
const EXPECT_KEYS = ["from", "query", "tolerance", ...ROWS_KEYS];

/**
 * A value as a test.
 *
 * @throws {SchemaError} naming everything that is wrong.
 */
export function readTest(value: unknown): ViewTest {
  const problems = new Problems();
  const test = objectAt(value, "", TEST_KEYS, problems);
  textAt(test, "name", "", problems);
  momentAt(test, "", problems);
  const { merges = "both" } = test;
  if (!(MERGES as readonly unknown[]).includes(merges))
    problems.add("merges", `expected ${MERGES.join(", ")}, found ${JSON.stringify(merges)}`);
  for (const [index, step] of elements(test, "given", problems).entries()) checkStep(step, `given[${index}]`, problems);
  for (const [index, one] of elements(test, "expect", problems).entries())
    checkExpectation(one, `expect[${index}]`, problems);
  problems.throwIfAny();
  return test as unknown as ViewTest;
}

function elements(test: Raw, key: string, problems: Problems): readonly unknown[] {
  const value = test[key];
  if (Array.isArray(value) && value.length > 0) return value;
  if (key in test) problems.add(key, `expected a list with at least one element, found ${describe(value)}`);
  else if (Object.keys(test).length > 0) problems.add(key, "is missing; expected a list");
  return [];
}

function checkStep(step: unknown, path: string, problems: Problems): void {
  if (isObject(step) && "refresh" in step) {
    objectAt(step, path, ["refresh", "now"], problems);
    textAt(step, "refresh", path, problems);
    momentAt(step, path, problems);
    return;
  }
  const insert = objectAt(step, path, INSERT_KEYS, problems);
  textAt(insert, "into", path, problems);
  checkRows(insert, path, problems);
}

function checkExpectation(value: unknown, path: string, problems: Problems): void {
  const one = objectAt(value, path, EXPECT_KEYS, problems);
  if ("from" in one && "query" in one) problems.add(path, "expected `from` or `query`, found both");
  textAt(one, "query" in one ? "query" : "from", path, problems);
  const { tolerance = 0 } = one;
  if (typeof tolerance !== "number" || !(tolerance >= 0))
    problems.add(join(path, "tolerance"), `expected a share from 0, e.g. 0.01, found ${JSON.stringify(tolerance)}`);
  checkRows(one, path, problems);
}

function checkRows(raw: Raw, path: string, problems: Problems): void {
  const given = ROWS_KEYS.filter((key) => key in raw);
  if (given.length !== 1) {
    const found = given.length === 0 ? "none" : given.join(" and ");
    if (Object.keys(raw).length > 0) problems.add(path, `expected one of ${ROWS_KEYS.join(", ")}; found ${found}`);
    return;
  }
  const [key = "rows"] = given;
  if (key !== "rows") {
    textAt(raw, key, path, problems);
    return;
  }
  const { rows } = raw;
  if (!Array.isArray(rows)) {
    problems.add(join(path, "rows"), `expected a list of rows, [] for none, found ${describe(rows)}`);
    return;
  }
  for (const [index, row] of rows.entries()) {
    const at = `${path}.rows[${index}]`;
    if (!isObject(row)) problems.add(at, `expected a row, { column: value, … }, found ${describe(row)}`);
    else if (Object.keys(row).length === 0) problems.add(at, "names no column");
  }
}

function momentAt(raw: Raw, path: string, problems: Problems): void {
  if (raw["now"] === undefined) return;
  const now = textAt(raw, "now", path, problems);
  if (now !== undefined && readMoment(now) === undefined)
    problems.add(join(path, "now"), `expected a moment, e.g. "2026-03-01 12:00:00" (UTC), found "${now}"`);
}

function textAt(raw: Raw, key: string, path: string, problems: Problems): string | undefined {
  const value = raw[key];
  if (typeof value === "string" && value.trim() !== "") return value;
  if (Object.keys(raw).length > 0 || value !== undefined)
    problems.add(
      join(path, key),
      value === undefined ? "is missing; expected a string" : `expected a string, found ${describe(value)}`,
    );
  return undefined;
}
