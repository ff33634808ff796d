import { compareRows, type Difference, isSame } from "../testing/compare-rows";
import type { Row } from "../testing/test";
import type { Reading } from "./observe";
import type { Said } from "./said";

/**
 * How what a reader returns changes: `fails`: it could be read before, and no longer; `failed`: it could not be read before either;
 * `unread`: too many rows to compare, and their number is the same.
 */
export type ReaderStatus = "same" | "differs" | "fails" | "failed" | "new" | "gone" | "unread";

/** A column that has another type. */
export interface Retyped {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/** What a reader returns before and after. */
export interface ReaderComparison {
  readonly key: string;
  readonly what: Reading["what"];
  readonly status: ReaderStatus;
  readonly rows: { readonly before: number; readonly after: number };
  readonly columns: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly retyped: readonly Retyped[];
  };
  /** Rows that are no longer returned, and rows that were not: a changed row is one of each. */
  readonly lost: number;
  readonly gained: number;
  /** Columns whose values differ, and in how many rows. */
  readonly values: readonly { readonly column: string; readonly rows: number }[];
  /** The rows that differ, some of them: for people who may see them. */
  readonly difference?: Difference;
  /** What the engine says where it fails. */
  readonly error?: Said;
}

/** Rows that are compared one with another: beyond, they are only counted. */
const MOST_PAIRED = 300;
/** How far apart floats may be, as a share: they are added in another order. */
const TOLERANCE = 1e-9;

/**
 * Compares readings by what was read.
 *
 * @param keyNow the key after the preview, for an object that gets another name.
 */
export function compareReadings(
  before: readonly Reading[],
  after: readonly Reading[],
  keyNow: (key: string) => string = (key) => key,
): ReaderComparison[] {
  const left = new Map(after.map((reading) => [idOf(reading.key, reading.what), reading]));
  const known = before.map((reading) => {
    const id = idOf(keyNow(reading.key), reading.what);
    const other = left.get(id);
    left.delete(id);
    return other === undefined ? { ...empty(reading), status: "gone" as const } : compareReading(reading, other);
  });
  return [...known, ...[...left.values()].map(created)];
}

/** Whether a comparison found something. */
export function differs({ status }: ReaderComparison): boolean {
  return status !== "same" && status !== "failed" && status !== "unread";
}

function idOf(key: string, what: Reading["what"]): string {
  return `${what}\0${key}`;
}

function created(reading: Reading): ReaderComparison {
  const { count, error } = reading;
  const base = { ...empty(reading), rows: { before: 0, after: count } };
  return error === undefined ? { ...base, status: "new" } : { ...base, status: "fails", error };
}

function empty({ count, key, what }: Reading): Omit<ReaderComparison, "status"> {
  return {
    key,
    what,
    rows: { before: count, after: 0 },
    columns: { added: [], removed: [], retyped: [] },
    lost: 0,
    gained: 0,
    values: [],
  };
}

function compareReading(before: Reading, after: Reading): ReaderComparison {
  const rows = { before: before.count, after: after.count };
  const base = { ...empty(before), rows };
  if (before.error !== undefined) {
    const status = after.error === undefined ? "new" : "failed";
    return { ...base, status, ...(after.error !== undefined && { error: after.error }) };
  }
  if (after.error !== undefined) return { ...base, status: "fails", error: after.error };
  const columns = columnChanges(before, after);
  const hasColumns = columns.added.length + columns.removed.length + columns.retyped.length > 0;
  if (before.rows === undefined || after.rows === undefined) {
    const isOther = hasColumns || rows.before !== rows.after;
    return { ...base, columns, status: isOther ? "differs" : "unread" };
  }
  const found = compareValues(before, after, columns.retyped);
  const status = hasColumns || found.lost + found.gained > 0 ? "differs" : "same";
  return { ...base, ...found, columns, status };
}

function columnChanges(before: Reading, after: Reading): ReaderComparison["columns"] {
  const types = (reading: Reading) => new Map(reading.columns.map(({ name, type }) => [name, type]));
  const [old, now] = [types(before), types(after)];
  return {
    added: [...now.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !now.has(name)),
    retyped: [...old].flatMap(([name, from]) => {
      const to = now.get(name);
      return to === undefined || to === from ? [] : [{ name, from, to }];
    }),
  };
}

type Values = Pick<ReaderComparison, "lost" | "gained" | "values" | "difference">;

/** In the columns that both have, rows in any order. */
function compareValues(before: Reading, after: Reading, retyped: readonly Retyped[]): Values {
  const both = new Set(after.columns.map(({ name }) => name));
  const names = before.columns.map(({ name }) => name).filter((name) => both.has(name));
  const other = new Set(retyped.map(({ name }) => name));
  const plain = ({ rows = [] }: Reading): Row[] =>
    rows.map((row) => Object.fromEntries(names.map((name) => [name, other.has(name) ? alike(row[name]) : row[name]])));
  const [gone, come] = without(plain(before), plain(after));
  if (gone.length + come.length === 0) return { lost: 0, gained: 0, values: [] };
  const isPaired = gone.length <= MOST_PAIRED && come.length <= MOST_PAIRED;
  if (!isPaired) return { lost: gone.length, gained: come.length, values: countByColumn(gone, come, names) };
  const expected = gone.map((row) => ({ row, names }));
  const difference = compareRows(expected, come, names, () => TOLERANCE);
  if (isSame(difference)) return { lost: 0, gained: 0, values: [] };
  const { differing, missing, unexpected } = difference;
  const cells = differing.flatMap((one) => one.cells.map(({ column }) => column));
  const values = names.flatMap((column) => {
    const rows = cells.filter((one) => one === column).length;
    return rows === 0 ? [] : [{ column, rows }];
  });
  return {
    lost: missing.length + differing.length,
    gained: unexpected.length + differing.length,
    values,
    difference,
  };
}

/** Rows that only one side has; equal rows count as often as they are there. */
function without(before: readonly Row[], after: readonly Row[]): [Row[], Row[]] {
  const counts = new Map<string, number>();
  for (const row of after) {
    const text = JSON.stringify(row);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const take = (row: Row): boolean => {
    const text = JSON.stringify(row);
    const count = counts.get(text) ?? 0;
    if (count > 0) counts.set(text, count - 1);
    return count > 0;
  };
  const gone = before.filter((row) => !take(row));
  return [gone, after.filter(take)];
}

/** How many values of each column only one side has: at least as many rows differ in it. */
function countByColumn(
  gone: readonly Row[],
  come: readonly Row[],
  names: readonly string[],
): { column: string; rows: number }[] {
  return names.flatMap((column) => {
    const only = ({ [column]: value }: Row): Row => ({ value });
    const [lost, gained] = without(gone.map(only), come.map(only));
    const rows = Math.max(lost.length, gained.length);
    return rows === 0 ? [] : [{ column, rows }];
  });
}

/** A value in a form that two types have in common: `1` and `"1"`, `1.50` and `1.5`, a day and its midnight. */
function alike(value: unknown): unknown {
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return value.map(alike);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, alike(one)]));
  if (typeof value !== "string") return value;
  if (/^-?\d+\.\d+$/.test(value)) return value.replace(/\.?0+$/, "");
  return value.replace(/^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\.0+$/, "$1").replace(/^(\d{4}-\d\d-\d\d) 00:00:00$/, "$1");
}
