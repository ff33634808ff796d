import { isTable } from "../clickhouse/catalog";
import { quoteString } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";
import type { Runner } from "./runner";

/** An active part: the rows of a range of block numbers of one partition. */
export interface Part {
  readonly partition: string;
  readonly name: string;
  readonly low: number;
  readonly high: number;
  /** Number of the newest mutation applied to it; 0 if none. */
  readonly mutation: number;
  /** Rows on disk, including those hidden by a lightweight DELETE. */
  readonly rows: number;
  readonly bytes: number;
  readonly hash: string;
  /** Whether a lightweight DELETE has hidden some of its rows. */
  readonly masked: boolean;
}

interface PartRow {
  readonly partition: string;
  readonly name: string;
  readonly low: string;
  readonly high: string;
  readonly version: string;
  readonly rows: string;
  readonly bytes: string;
  readonly hash: string;
  readonly masked: number;
}

/** What of `system.parts` has no rows of its own: the values that lightweight updates give to rows of other parts. */
const IS_PATCH = "startsWith(name, 'patch-')";

/** The active parts of a table, by partition, in the order in which their rows were inserted. */
export async function partsOf(runner: Runner, table: QualifiedName): Promise<Part[]> {
  const rows = await runner.rows<PartRow>(
    "SELECT partition_id AS partition, name, toString(min_block_number) AS low, toString(max_block_number) AS high, " +
      "toString(data_version) AS version, toString(rows) AS rows, toString(bytes_on_disk) AS bytes, " +
      "hash_of_all_files AS hash, has_lightweight_delete AS masked FROM system.parts " +
      `WHERE ${isTable(table, "table")} AND active AND NOT ${IS_PATCH} ORDER BY partition_id, min_block_number`,
  );
  return rows.map(({ low, high, version, rows: count, bytes, masked, ...row }) => ({
    ...row,
    low: Number(low),
    high: Number(high),
    // The engine reports the first block number as the version of a part that no mutation has touched.
    mutation: version === low ? 0 : Number(version),
    rows: Number(count),
    bytes: Number(bytes),
    masked: masked !== 0,
  }));
}

/**
 * Whether values of lightweight updates are not in the parts yet that have the rows. Those that are stay listed for up to a minute, and come back
 * when the table is attached again.
 */
export async function hasOpenPatches(runner: Runner, table: QualifiedName): Promise<boolean> {
  const { open } = await runner.one<{ open: string }>(
    "SELECT toString(countIf(parts > 0 AND newest > oldest)) AS open FROM (" +
      // A partition of patches is named after that of the rows: patch-, 32 digits, -, and its name.
      `SELECT if(${IS_PATCH}, substring(partition_id, 40), partition_id) AS of, countIf(NOT ${IS_PATCH}) AS parts, ` +
      `maxIf(data_version, ${IS_PATCH}) AS newest, minIf(data_version, NOT ${IS_PATCH}) AS oldest ` +
      `FROM system.parts WHERE ${isTable(table, "table")} AND active GROUP BY of)`,
  );
  return open !== "0";
}

/** `_part IN (…)`. */
export function inParts(parts: readonly { readonly name: string }[]): string {
  return `_part IN (${partNames(parts)})`;
}

/** The names as string literals, separated by commas. */
export function partNames(parts: readonly { readonly name: string }[]): string {
  return parts.map(({ name }) => quoteString(name)).join(", ");
}
