import type { Settings } from "../connection/connection";
import { backtick, quoteString } from "../sql/identifiers";

/** How much of each table is read. */
export interface Limits {
  /** Rows of one table. */
  readonly rows: number;
  /** Bytes of one table, uncompressed. */
  readonly bytes: number;
  /** Time for one table, in seconds. */
  readonly seconds: number;
}

/** 10,000 rows, 64 MiB and 20 s for each table. */
export const DEFAULT_LIMITS: Limits = { rows: 10_000, bytes: 64 * 1024 ** 2, seconds: 20 };

/** Windows over which a sample is spread: each costs about one granule to read. */
const WINDOWS = 32;

/** An active part of a table. */
export interface Part {
  readonly name: string;
  readonly rows: number;
}

/** Rows of a part by their offset in it: from `from` up to, but not including, `to`. */
export interface Window {
  readonly part: string;
  readonly from: number;
  readonly to: number;
}

/** A column whose values are read. */
export interface SampledColumn {
  readonly name: string;
  readonly type: string;
  /** `DEFAULT`, `MATERIALIZED`, or nothing. */
  readonly kind: string;
}

/**
 * Where to read rows of a large table: windows at equal distances over all parts, so that old and new rows are met, and hardly more is read than
 * is wanted.
 *
 * @returns undefined for a table of so few rows that all are read.
 */
export function windowsOf(parts: readonly Part[], rows: number): Window[] | undefined {
  const total = parts.reduce((sum, part) => sum + part.rows, 0);
  if (total <= rows) return undefined;
  const count = Math.min(WINDOWS, rows);
  const size = Math.floor(rows / count);
  const starts = Array.from({ length: count }, (_, at) => Math.floor(((at + 0.5) * total) / count - size / 2));
  const windows: Window[] = [];
  let begin = 0;
  for (const part of parts) {
    const end = begin + part.rows;
    for (const start of starts) {
      const [from, to] = [Math.max(start, begin), Math.min(start + size, end)];
      if (from < to) windows.push({ part: part.name, from: from - begin, to: to - begin });
    }
    begin = end;
  }
  return windows;
}

/**
 * The query for a sample. Each row is one text: the hexadecimal digits of the values as RowBinary has them, which is exact for every type,
 * states of aggregate functions included.
 *
 * @param table quoted, qualified name.
 * @param windows undefined: the first rows that the server comes upon.
 */
export function sampleQuery(
  table: string,
  columns: readonly SampledColumn[],
  limits: Limits,
  windows?: readonly Window[],
): string {
  const names = columns.map(({ name }) => backtick(name)).join(", ");
  const row = `SELECT hex(formatRow('RowBinary', ${names})) AS row FROM ${table}`;
  if (windows === undefined) return `${row} LIMIT ${limits.rows}`;
  return windows
    .map(
      ({ from, part, to }) =>
        `${row} WHERE _part = ${quoteString(part)} AND _part_offset >= ${from} AND _part_offset < ${to} LIMIT ${to - from}`,
    )
    .join(" UNION ALL ");
}

/** Settings of each query on the server: it changes nothing, ends in time with what it has by then, and leaves room for others. */
export function readSettings({ bytes, seconds }: Limits): Settings {
  return {
    readonly: 1,
    max_execution_time: Math.ceil(seconds),
    timeout_overflow_mode: "break",
    // Two digits for each byte.
    max_result_bytes: 2 * bytes,
    result_overflow_mode: "break",
    max_block_size: 1024,
    max_threads: 2,
    max_memory_usage: Math.max(1024 ** 3, 8 * bytes),
    priority: 10,
  };
}

/** `a UInt8, b String`: the columns as the structure of rows. */
export function structureOf(columns: readonly SampledColumn[]): string {
  return columns.map(({ name, type }) => `${backtick(name)} ${type}`).join(", ");
}

/** Rows in groups whose texts are at most this long, so that no statement is too large. */
export function chunksOf(rows: readonly string[], longest: number): string[] {
  const chunks: string[] = [];
  let current: string[] = [];
  let length = 0;
  for (const row of rows) {
    if (current.length > 0 && length + row.length > longest) {
      chunks.push(current.join(""));
      [current, length] = [[], 0];
    }
    current.push(row);
    length += row.length;
  }
  if (current.length > 0) chunks.push(current.join(""));
  return chunks;
}
