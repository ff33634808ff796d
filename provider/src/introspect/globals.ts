import { everywhere, readSettings } from "../clickhouse/cluster";
import type { Connection } from "../connection/connection";
import { isAccessDenied } from "../connection/server-message";
import { quoteString } from "../sql/identifiers";
import { objectKey } from "../sql/object-key";
import type { LiveObject } from "./live-object";
import { type HostRow, placed, spreadOut } from "./spread";

/** The server's SQL functions, as objects of no database; empty if this user may not see them. One query. */
export async function readFunctions(connection: Connection): Promise<LiveObject[]> {
  const { cluster } = connection;
  const columns = "name, create_query AS statement";
  const own = "origin = 'SQLUserDefined'";
  try {
    if (cluster === undefined) {
      const rows = await connection.query<FunctionRow>(
        `SELECT ${columns} FROM system.functions WHERE ${own} ORDER BY name`,
      );
      return rows.map(liveFunction);
    }
    const rows = await connection.query<FunctionRow & Pick<HostRow, "hosts">>(
      `SELECT ${columns}, groupArray(${placed()}) AS hosts FROM ${everywhere("functions", cluster)} ` +
        `WHERE ${own} OR name = ${quoteString(BUILT_IN)} GROUP BY name, statement ORDER BY name${readSettings(cluster)}`,
    );
    const found = rows.map((row) => ({ ...liveFunction(row), hosts: row.hosts }));
    return spreadOut(found, cluster, objectKey("", BUILT_IN));
  } catch (error) {
    if (isAccessDenied(error)) return [];
    throw error;
  }
}

/** A function that every server has. */
const BUILT_IN = "plus";

interface FunctionRow {
  readonly name: string;
  readonly statement: string;
}

function liveFunction({ name, statement }: FunctionRow): LiveObject {
  return {
    key: objectKey("", name),
    statement,
    engine: "Function",
    uuid: "",
    rows: undefined,
    bytes: undefined,
  };
}
