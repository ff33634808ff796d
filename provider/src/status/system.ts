import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { isUnknownTable, parseServerMessage } from "../connection/server-message";
import { objectKey } from "../sql/object-key";

/** What the metadata of a table's parts says. */
export interface PartsOf {
  readonly rows: number;
  /** Compressed, including indexes and marks. */
  readonly bytes: number;
  /** Columns only. */
  readonly compressedBytes: number;
  readonly uncompressedBytes: number;
  readonly parts: number;
  /** Range of the time column in the partition key, in seconds since 1970; absent where it has none. */
  readonly times?: Range;
}

/** Seconds since 1970. */
export interface Range {
  readonly oldest: number;
  readonly newest: number;
}

/** What the server's log of view executions says about a view. */
export interface ViewLog {
  /** Seconds since 1970. */
  readonly failedAt: number;
  readonly succeededAt: number;
  readonly message: string;
}

/** A row of `system.view_refreshes`. Times in seconds since 1970, 0 for none. */
export interface Refresh {
  readonly status: string;
  readonly exception: string;
  readonly last: number;
  readonly lastSuccess: number;
  readonly next: number;
}

/** The parts of all tables on the server, one query; reads no rows of theirs. */
export async function readParts(connection: Connection): Promise<ReadonlyMap<string, PartsOf>> {
  const rows = await connection.query<PartsRow>(
    `SELECT database, table, sum(p.rows) AS rows, sum(bytes_on_disk) AS bytes, sum(data_compressed_bytes) AS compressed,
       sum(data_uncompressed_bytes) AS uncompressed, count() AS parts,
       toUnixTimestamp(minIf(p.min_time, p.max_time > 0)) AS min_time, toUnixTimestamp(max(p.max_time)) AS max_time,
       minIf(toUInt32(toUInt16(p.min_date)), toUInt16(p.max_date) > 0) AS min_date, max(toUInt32(toUInt16(p.max_date))) AS max_date
     FROM system.parts AS p WHERE active GROUP BY database, table`,
  );
  return new Map(rows.map((row) => [objectKey(row.database, row.table), partsOf(row)]));
}

const DAY = 86_400;

function partsOf(row: PartsRow): PartsOf {
  const [oldest, newest] = [Number(row.min_time), Number(row.max_time)];
  const [first, last] = [Number(row.min_date) * DAY, Number(row.max_date) * DAY];
  const times = newest > 0 ? { oldest, newest } : last > 0 ? { oldest: first, newest: last } : undefined;
  return {
    rows: Number(row.rows),
    bytes: Number(row.bytes),
    compressedBytes: Number(row.compressed),
    uncompressedBytes: Number(row.uncompressed),
    parts: Number(row.parts),
    ...(times && { times }),
  };
}

/** Free and total space of the disks; disks that share a file system are counted once. */
export async function readDisk(connection: Connection): Promise<{ free: number; total: number }> {
  const [row] = await connection.query<{ free: string; total: string }>(
    `SELECT sum(free) AS free, sum(total_space) AS total
     FROM (SELECT total_space, max(free_space) AS free FROM system.disks GROUP BY total_space)`,
  );
  return { free: Number(row?.free ?? 0), total: Number(row?.total ?? 0) };
}

/** When views last failed and last ran, over the last seven days of the log that `log_query_views` enables. */
export async function readViewLog(connection: Connection): Promise<ReadonlyMap<string, ViewLog>> {
  const rows = await connection.query<{ name: string; failed: string; succeeded: string; message: string }>(
    `SELECT view_name AS name, toUnixTimestamp(maxIf(event_time, exception_code != 0)) AS failed,
       toUnixTimestamp(maxIf(event_time, status = 'QueryFinish')) AS succeeded,
       argMaxIf(exception, event_time, exception_code != 0) AS message
     FROM system.query_views_log WHERE event_date >= today() - 7 GROUP BY view_name HAVING failed > 0`,
  );
  return new Map(
    rows.map(({ name, failed, succeeded, message }) => [
      name,
      { failedAt: Number(failed), succeededAt: Number(succeeded), message },
    ]),
  );
}

/** State of the refreshable views. */
export async function readRefreshes(connection: Connection): Promise<ReadonlyMap<string, Refresh>> {
  const rows = await connection.query<RefreshRow>(
    `SELECT database, view, status, exception, toUnixTimestamp(ifNull(last_refresh_time, toDateTime(0))) AS last,
       toUnixTimestamp(ifNull(last_success_time, toDateTime(0))) AS last_success,
       toUnixTimestamp(ifNull(next_refresh_time, toDateTime(0))) AS next
     FROM system.view_refreshes`,
  );
  return new Map(
    rows.map(({ database, view, status, exception, last, last_success, next }) => [
      objectKey(database, view),
      { status, exception, last: Number(last), lastSuccess: Number(last_success), next: Number(next) },
    ]),
  );
}

/**
 * The result of `read`; if the server rejects it (the table does not exist or may not be read), `otherwise`, with a note.
 *
 * @param without what is then missing, e.g. `refreshes are not shown`.
 * @throws any error that is not a rejection, e.g. a broken connection.
 */
export async function optional<T>(
  table: string,
  read: () => Promise<T>,
  otherwise: T,
  without: string,
  notes: string[],
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    const { message } = error;
    const reason = isUnknownTable(error) ? "is not on this server" : `could not be read (${errorText(message)})`;
    notes.push(`${table} ${reason}: ${without}`);
    return otherwise;
  }
}

/** After these words the engine repeats the statement, including its literals. */
const REPEATED = /[:.]?\s*(?:while (?:executing|processing|parsing)|in (?:query|scope|statement))\b[\s\S]*$/i;

/** The error in the server's words: on one line, without the statement and without a possible password in a URL. */
export function errorText(raw: string, longest = 200): string {
  const said = parseServerMessage(raw).message.replace(REPEATED, "").replaceAll(/\s+/g, " ").trim();
  const shown = said.replace(/(:\/\/[^\s:@/']*:)[^\s@']*@/g, "$1[HIDDEN]@");
  return shown.length > longest ? `${shown.slice(0, longest - 1)}…` : shown;
}

interface PartsRow {
  readonly database: string;
  readonly table: string;
  readonly rows: string;
  readonly bytes: string;
  readonly compressed: string;
  readonly uncompressed: string;
  readonly parts: string;
  readonly min_time: string | number;
  readonly max_time: string | number;
  readonly min_date: string | number;
  readonly max_date: string | number;
}

interface RefreshRow {
  readonly database: string;
  readonly view: string;
  readonly status: string;
  readonly exception: string;
  readonly last: string | number;
  readonly last_success: string | number;
  readonly next: string | number;
}
