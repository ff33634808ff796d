import { splitArguments } from "../sql/fragments";
import { backtick } from "../sql/identifiers";
import { columnsIn, elementsOf, parseExpression, plainColumn } from "../sql/query";
import { unwrap } from "../sql/query/types";
import type { TableSpec } from "../sql/spec";

/** How a target's rows are grouped for comparison: by a time column of its key, by its partitions, or all together. */
export type Bucket =
  | {
      readonly kind: "time";
      readonly column: string;
      /** `Date` counts in days, everything else in seconds. */
      readonly unit: "days" | "seconds";
      /** Start of a row's bucket, over the target's columns. */
      readonly start: string;
      /** Longest bucket, in units. */
      readonly width: number;
    }
  | { readonly kind: "partition"; readonly expression: string }
  | { readonly kind: "all" };

/** Expressions of the sorting key, without directions. */
export function sortingKey({ storage, columns }: TableSpec): string[] {
  const text = storage.orderBy ?? storage.primaryKey;
  if (text === undefined) return columns.filter(({ primaryKey }) => primaryKey).map(({ name }) => backtick(name));
  const expression = parseExpression(text);
  const elements = expression === undefined ? [text] : elementsOf(expression).map((element) => element.text);
  return elements.map((element) => element.replace(/\s+(?:ASC|DESC)$/i, "")).filter((element) => element !== "");
}

/** Name of the column, if a key expression is just a column. */
export function keyColumn(expression: string): string | undefined {
  const parsed = parseExpression(expression);
  return parsed === undefined ? undefined : plainColumn(parsed);
}

/**
 * Chooses how rows are put into buckets: by the time column of the sorting key that the partitions follow, else by its first time column;
 * else by partition; else all in one.
 *
 * @param coarse buckets of an hour, for times that are not whole minutes.
 */
export function chooseBucket(spec: TableSpec, coarse = false): Bucket {
  const times = sortingKey(spec).flatMap((text) => {
    const name = keyColumn(text);
    const type = unwrap(spec.columns.find((column) => column.name === name)?.type ?? "");
    return name !== undefined && /^Date(?:Time|32|Time64)?\b/.test(type) ? [{ name, type }] : [];
  });
  const { partitionBy } = spec.storage;
  const partition = partitionBy === undefined ? undefined : parseExpression(partitionBy);
  const inPartition = new Set(partition === undefined ? [] : columnsIn(partition).map(({ parts }) => parts.at(-1)));
  const time = times.find(({ name }) => inPartition.has(name)) ?? times[0];
  if (time !== undefined) return timeBucket(time.name, time.type, coarse);
  if (partitionBy === undefined || splitArguments(partitionBy).length === 0 || partitionBy === "tuple()")
    return { kind: "all" };
  return { kind: "partition", expression: partitionBy };
}

function timeBucket(column: string, type: string, coarse: boolean): Bucket {
  const name = backtick(column);
  if (/^Date(?:32)?$/.test(type)) return { kind: "time", column, unit: "days", start: name, width: 1 };
  if (coarse) return { kind: "time", column, unit: "seconds", start: `toStartOfHour(${name})`, width: 3600 };
  const start = type.startsWith("DateTime64") ? `toStartOfMinute(${name})` : name;
  return { kind: "time", column, unit: "seconds", start, width: 60 };
}

/** SQL expression of a bucket's name: a number for times, so that a clock change cannot merge two of them; otherwise a string. */
export function bucketId(bucket: Bucket): string {
  if (bucket.kind === "all") return "''";
  if (bucket.kind === "partition") return `toString(tuple(${bucket.expression}))`;
  return `toString(${bucket.unit === "days" ? "toInt32" : "toUnixTimestamp"}(${bucket.start}))`;
}

/** Expression of a bucket in readable form. */
export function bucketLabel(bucket: Bucket): string {
  if (bucket.kind === "all") return "'all rows'";
  return bucket.kind === "partition" ? `toString(tuple(${bucket.expression}))` : `toString(${bucket.start})`;
}

/** Describes a bucket in words. */
export function describeBucket(bucket: Bucket): string {
  if (bucket.kind === "all") return "all rows (no time column in the sorting key, no partitions)";
  if (bucket.kind === "partition") return `partition ${bucket.expression}`;
  return bucket.start === backtick(bucket.column) ? bucket.column : bucket.start.replaceAll("`", "");
}

/** A run of buckets: from the first one up to, but not including, the second one. In units of the bucket. */
export interface Range {
  readonly from?: number;
  readonly to?: number;
}

/** Condition that a target's row is in a range; true where there is no time. */
export function inRange(bucket: Bucket, { from, to }: Range): string {
  if (bucket.kind !== "time") return "1";
  const moment = (at: number): string => (bucket.unit === "days" ? `toDate32(${at})` : `fromUnixTimestamp(${at})`);
  const column = backtick(bucket.column);
  const sides = [
    ...(from === undefined ? [] : [`${column} >= ${moment(from)}`]),
    ...(to === undefined ? [] : [`${column} < ${moment(to)}`]),
  ];
  return sides.length === 0 ? "1" : sides.join(" AND ");
}

/** The range that covers some buckets. */
export function rangeOf(bucket: Bucket, ids: readonly string[]): Range {
  if (bucket.kind !== "time" || ids.length === 0) return {};
  const numbers = ids.map(Number);
  return { from: Math.min(...numbers), to: Math.max(...numbers) + bucket.width };
}
