import { ServerError } from "../../connection/errors";
import { partsOf } from "../../operation/parts";
import type { Runner } from "../../operation/runner";
import { backtick, quoteString } from "../../sql/identifiers";
import type { MaterializedViewSpec, TableSpec } from "../../sql/spec";
import { refuseSpace as refuse, type Space, spaceFor } from "../rebuild/space";
import type { PlannedView } from "./context";

/** Rows from which the size of the result is estimated. */
const SAMPLE = 65_536;

/** What is to be computed. */
export interface Extent {
  readonly specs: readonly MaterializedViewSpec[];
  readonly tables: readonly TableSpec[];
  readonly target: TableSpec;
  readonly views: readonly Pick<PlannedView, "columns">[];
}

/** A source that is to be read. */
export interface SourceSize {
  readonly rows: number;
  /** Size on disk. */
  readonly bytes: number;
  /** Bytes of its view's result, before compression: estimated from a few rows. */
  readonly result: number;
}

/** How much is read, and roughly how much that produces. Reads a few rows of each source. */
export async function sizesOf(runner: Runner, { specs, tables, views }: Extent): Promise<SourceSize[]> {
  const sizes: SourceSize[] = [];
  for (const [index, table] of tables.entries()) {
    const parts = await partsOf(runner, table);
    const rows = parts.reduce((sum, part) => sum + part.rows, 0);
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    const largest = [...parts].sort((a, b) => b.rows - a.rows)[0];
    const [spec, view] = [specs[index], views[index]];
    if (largest === undefined || spec === undefined || view === undefined) {
      sizes.push({ rows, bytes, result: 0 });
      continue;
    }
    const sampled = Math.min(SAMPLE, largest.rows);
    const where = `_part = ${quoteString(largest.name)} AND _part_offset < ${sampled}`;
    const size = await sampleSize(runner, spec, table, view.columns, where);
    sizes.push({ rows, bytes, result: size === undefined ? bytes : Math.ceil((size / sampled) * rows) });
  }
  return sizes;
}

/** Free space on the target's disks, and the space needed. */
export async function spaceOf(
  runner: Runner,
  extent: Extent,
): Promise<{ space: Space; needed: number; sizes: SourceSize[] }> {
  const space = await spaceFor(runner, extent.target);
  const sizes = await sizesOf(runner, extent);
  return { space, sizes, needed: sizes.reduce((sum, { result }) => sum + result, 0) };
}

/** @throws {SchemaError} when the disks of the target have no room for the result. */
export async function refuseSpace(runner: Runner, extent: Extent, factor?: number): Promise<void> {
  const { needed, space } = await spaceOf(runner, extent);
  refuseNeed(extent.target, space, needed, factor);
}

/** @throws {SchemaError} as {@link refuseSpace}, with sizes that are already known. */
export function refuseNeed(target: TableSpec, space: Space, needed: number, factor = 1.1): void {
  refuse(target, { ...space, bytes: needed }, factor, "not backfilled, because its rows need up to");
}

/** Bytes of a view's result over some rows; undefined where the engine cannot tell, or those rows are gone. */
async function sampleSize(
  runner: Runner,
  spec: MaterializedViewSpec,
  table: TableSpec,
  columns: readonly string[],
  where: string,
): Promise<number | undefined> {
  const filter = `additional_table_filters = {${quoteString(`${table.database}.${table.name}`)}: ${quoteString(where)}}`;
  const bytes = columns.map((column) => `byteSize(${backtick(column)})`).join(" + ");
  try {
    const [row] = await runner.rows<{ size: string }>(
      `SELECT toString(sum(${bytes})) AS size FROM (${spec.query}) SETTINGS ${filter}`,
    );
    const size = Number(row?.size);
    return size > 0 ? size : undefined;
  } catch (error) {
    // For the states of some aggregate functions, the engine reports no size.
    if (error instanceof ServerError) return undefined;
    throw error;
  }
}
