import type { Row } from "./test";

/** A cell that differs. */
export interface CellDifference {
  readonly column: string;
  readonly expected: unknown;
  readonly found: unknown;
}

/** A row that was expected and one that was found, which differ in some cells. */
export interface RowDifference {
  readonly row: Row;
  readonly cells: readonly CellDifference[];
}

/** How what was found differs from what was expected. */
export interface Difference {
  /** In the order of the test. */
  readonly columns: readonly string[];
  readonly missing: readonly Row[];
  readonly unexpected: readonly Row[];
  readonly differing: readonly RowDifference[];
}

/** An expected row, with the columns that it names. */
export interface Expected {
  readonly row: Row;
  readonly names: readonly string[];
}

/** More rows are not paired: they are listed as missing and unexpected. */
const MOST_PAIRS = 500;

/**
 * Compares rows in any order; equal rows count as often as they are there.
 *
 * @param columns all that are compared.
 * @param toleranceOf how far apart the floats of a column may be, as a share.
 */
export function compareRows(
  expected: readonly Expected[],
  found: readonly Row[],
  columns: readonly string[],
  toleranceOf: (column: string) => number,
): Difference {
  const isEqual = (column: string, a: Row, b: Row): boolean => sameValue(a[column], b[column], toleranceOf(column));
  const left = [...found];
  const open = expected.filter(({ names, row }) => {
    const at = left.findIndex((other) => names.every((column) => isEqual(column, row, other)));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  const missing: Row[] = [];
  const differing: RowDifference[] = [];
  for (const { names, row } of open) {
    const shown = Object.fromEntries(names.map((column) => [column, row[column]]));
    const near = open.length * left.length > MOST_PAIRS ** 2 ? undefined : nearestRow(names, row, left, isEqual);
    if (near === undefined) missing.push(shown);
    else {
      const [other = {}] = left.splice(near, 1);
      const cells = names
        .filter((column) => !isEqual(column, row, other))
        .map((column) => ({ column, expected: row[column], found: other[column] }));
      differing.push({ row: shown, cells });
    }
  }
  return { columns, missing, unexpected: left, differing };
}

/** Whether nothing differs. */
export function isSame({ differing, missing, unexpected }: Difference): boolean {
  return differing.length + missing.length + unexpected.length === 0;
}

/** The row with the most equal cells, if at least half of them are, and the first one: people write what identifies a row first. */
function nearestRow(
  names: readonly string[],
  row: Row,
  others: readonly Row[],
  isEqual: (column: string, a: Row, b: Row) => boolean,
): number | undefined {
  let best: number | undefined;
  let most = 0;
  for (const [index, other] of others.entries()) {
    const [first] = names;
    if (first === undefined || !isEqual(first, row, other)) continue;
    const equal = names.filter((column) => isEqual(column, row, other)).length;
    if (equal > most && equal * 2 >= names.length) [best, most] = [index, equal];
  }
  return best;
}

/** As the engine prints them as JSON: maps in any order of keys. */
function sameValue(a: unknown, b: unknown, tolerance: number): boolean {
  if (typeof a === "number" && typeof b === "number")
    return a === b || Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((one, index) => sameValue(one, b[index], tolerance));
  if (isBag(a) && isBag(b)) {
    const keys = Object.keys(a);
    return (
      keys.length === Object.keys(b).length && keys.every((key) => key in b && sameValue(a[key], b[key], tolerance))
    );
  }
  return a === b;
}

function isBag(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
