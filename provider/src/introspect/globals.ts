import type { Connection } from "../connection/connection";
import { isAccessDenied } from "../connection/server-message";
import { objectKey } from "../sql/object-key";
import type { LiveObject } from "./server-catalog";

/** The server's SQL functions, as objects of no database; empty if this user may not see them. One query. */
export async function readFunctions(connection: Connection): Promise<LiveObject[]> {
  try {
    const rows = await connection.query<{ name: string; statement: string }>(
      "SELECT name, create_query AS statement FROM system.functions WHERE origin = 'SQLUserDefined' ORDER BY name",
    );
    return rows.map(({ name, statement }) => ({
      key: objectKey("", name),
      statement,
      engine: "Function",
      uuid: "",
      rows: undefined,
      bytes: undefined,
    }));
  } catch (error) {
    if (isAccessDenied(error)) return [];
    throw error;
  }
}
