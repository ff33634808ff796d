import { everywhere, readSettings } from "../clickhouse/cluster";
import { withoutClosedGates } from "../clickhouse/insert-gates";
import type { Connection, QueryParams } from "../connection/connection";
import { quoteIdentifier, quoteString } from "../sql/identifiers";
import { objectKey } from "../sql/object-key";
import type { LiveObject } from "./live-object";
import { type HostRow, placed, spreadOut, WITNESS, WITNESS_DATABASE } from "./spread";

const COLUMNS = "database, name, engine, toString(uuid) AS id, formatQuery(create_table_query) AS statement";
const EXISTING = "NOT is_temporary AND create_table_query != ''";

/** Tables, views and dictionaries that meet a condition; with a cluster, those of all its hosts. One query. */
export async function readObjects(
  connection: Connection,
  condition: string,
  params: QueryParams = {},
): Promise<LiveObject[]> {
  const { cluster } = connection;
  if (cluster === undefined) {
    const rows = await connection.query<TableRow>(
      `SELECT ${COLUMNS}, total_rows AS rows, total_bytes AS bytes FROM system.tables WHERE ${EXISTING} AND ${condition}`,
      params,
    );
    return rows.map(liveTable);
  }
  const rows = await connection.query<Omit<TableRow, "rows" | "bytes"> & Pick<HostRow, "hosts">>(
    `SELECT ${COLUMNS}, groupArray(${placed("total_rows + 0", "total_bytes + 0")}) AS hosts FROM ${everywhere("tables", cluster)} ` +
      `WHERE (${EXISTING} AND ${condition}) OR (database = 'system' AND name = 'one') ` +
      `GROUP BY database, name, engine, id, statement${readSettings(cluster)}`,
    params,
  );
  const found = rows.map(({ hosts, ...row }) => ({ ...liveTable({ ...row, rows: null, bytes: null }), hosts }));
  return spreadOut(found, cluster, WITNESS);
}

/** Every database. One query. */
export async function readDatabases(connection: Connection): Promise<LiveObject[]> {
  const { cluster } = connection;
  const columns = "name, engine, engine_full, toString(uuid) AS id, comment";
  if (cluster === undefined) {
    return (await connection.query<DatabaseRow>(`SELECT ${columns} FROM system.databases`)).map(liveDatabase);
  }
  const rows = await connection.query<DatabaseRow & Pick<HostRow, "hosts">>(
    `SELECT ${columns}, groupArray(${placed()}) AS hosts FROM ${everywhere("databases", cluster)} ` +
      `GROUP BY name, engine, engine_full, id, comment${readSettings(cluster)}`,
  );
  // Every host has this one.
  const witnesses = rows.filter(({ name }) => name === WITNESS_DATABASE);
  const found = [...rows, ...witnesses.map((row) => ({ ...row, name: "" }))];
  return spreadOut(
    found.map((row) => ({ ...liveDatabase(row), hosts: row.hosts })),
    cluster,
    objectKey(""),
  );
}

function liveTable(row: TableRow): LiveObject {
  const { statement, engine, id } = row;
  return {
    key: objectKey(row.database, row.name),
    statement: withoutClosedGates(statement),
    engine,
    uuid: id,
    rows: row.rows === null ? undefined : Number(row.rows),
    bytes: row.bytes === null ? undefined : Number(row.bytes),
  };
}

function liveDatabase(row: DatabaseRow): LiveObject {
  const comment = row.comment === "" ? "" : `\nCOMMENT ${quoteString(row.comment)}`;
  const statement = `CREATE DATABASE ${quoteIdentifier(row.name)}\nENGINE = ${row.engine_full || row.engine}${comment}`;
  return { key: objectKey(row.name), statement, engine: row.engine, uuid: row.id, rows: undefined, bytes: undefined };
}

interface DatabaseRow {
  readonly name: string;
  readonly engine: string;
  readonly engine_full: string;
  readonly id: string;
  readonly comment: string;
}

interface TableRow {
  readonly database: string;
  readonly name: string;
  readonly engine: string;
  readonly id: string;
  readonly statement: string;
  readonly rows: string | null;
  readonly bytes: string | null;
}
