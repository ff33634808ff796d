import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { backtick, quoteString } from "../sql/identifiers";
import { quotedName } from "../sql/object-key";
import type { BucketSource, TimeColumn } from "./lineage";
import type { Range } from "./system";

/** A column whose range is not in the metadata of parts. */
export interface RangeRequest {
  /** Key of the table. */
  readonly key: string;
  readonly column: TimeColumn;
}

/** A bucket to compute from the newest time of a source. */
export interface BucketRequest {
  /** Key of the view that the bucket belongs to. */
  readonly key: string;
  readonly bucket: Required<BucketSource>;
  /** Type of the source's column. */
  readonly type: string;
  /** Seconds since 1970. */
  readonly newest: number;
}

/** Key of a {@link RangeRequest} in the answer. */
export function rangeKey(key: string, column: string): string {
  return `${key}\0\0${column}`;
}

/**
 * Oldest and newest values, one query for all. For the first column of a sorting key the engine answers from its indexes; any other column
 * is read completely.
 */
export async function readRanges(
  connection: Connection,
  requests: readonly RangeRequest[],
): Promise<ReadonlyMap<string, Range>> {
  const rows = await unionOf<{ id: string; oldest: string; newest: string; rows: string }>(
    connection,
    requests.map(({ key, column }) => {
      const name = backtick(column.name);
      const id = quoteString(rangeKey(key, column.name));
      return (
        `SELECT ${id} AS id, toUnixTimestamp(ifNull(min(${name}), toDateTime(0))) AS oldest, ` +
        `toUnixTimestamp(ifNull(max(${name}), toDateTime(0))) AS newest FROM ${quotedName(key)}`
      );
    }),
  );
  const found = rows.map(({ id, oldest, newest }) => [id, { oldest: Number(oldest), newest: Number(newest) }] as const);
  return new Map(found.filter(([, { newest }]) => newest > 0));
}

/** The buckets, in seconds since 1970, one query for all; reads no table. */
export async function readBuckets(
  connection: Connection,
  requests: readonly BucketRequest[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await unionOf<{ id: string; bucket: string }>(
    connection,
    requests.map(({ key, bucket, type, newest }) => {
      const time = `CAST(toDateTime(${newest}, 'UTC'), ${quoteString(type)}) AS ${backtick(bucket.column)}`;
      const value = `toUnixTimestamp(assumeNotNull(${bucket.expression}))`;
      return `SELECT ${quoteString(key)} AS id, ${value} AS bucket FROM (SELECT ${time})`;
    }),
  );
  return new Map(rows.map(({ id, bucket }) => [id, Number(bucket)]));
}

/** All in one query; if the engine rejects that, one by one, omitting those it rejects: one broken table must not hide the others. */
async function unionOf<Row extends object>(connection: Connection, selects: readonly string[]): Promise<Row[]> {
  if (selects.length === 0) return [];
  try {
    return await connection.query<Row>(selects.join("\nUNION ALL\n"));
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    if (selects.length === 1) return [];
    const rows: Row[] = [];
    for (const select of selects) rows.push(...(await unionOf<Row>(connection, [select])));
    return rows;
  }
}
