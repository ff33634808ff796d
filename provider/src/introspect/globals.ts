import type { Connection } from "../connection/connection";
import { isAccessDenied, isUnknownTable } from "../connection/server-message";
import { objectKey } from "../sql/object-key";
import type { Selection } from "./selection";
import type { UnmanagedObject } from "./server";

/**
 * What stands in no database and may be named by what does: functions, and named collections, of which nothing but the name is read.
 * Whoever selects some objects means those, so nothing is read then. The server shows named collections to those it grants SHOW NAMED
 * COLLECTIONS, and none to others.
 */
export async function readGlobals(connection: Connection, selection: Selection): Promise<UnmanagedObject[]> {
  if (selection.databases !== undefined || selection.include !== undefined) return [];
  const [functions, collections] = await Promise.all([readFunctions(connection), readCollections(connection)]);
  return [...functions, ...collections];
}

/** The SQL functions of a server, as objects of no database; none where this user may not look. One query. */
export async function readFunctions(connection: Connection): Promise<UnmanagedObject[]> {
  try {
    const rows = await connection.query<{ name: string; statement: string }>(
      "SELECT name, create_query AS statement FROM system.functions WHERE origin = 'SQLUserDefined' ORDER BY name",
    );
    return rows.map(({ name, statement }) => ({ key: objectKey("", name), kind: "function", reason: "", statement }));
  } catch (error) {
    if (isAccessDenied(error)) return [];
    throw error;
  }
}

async function readCollections(connection: Connection): Promise<UnmanagedObject[]> {
  try {
    const rows = await connection.query<{ name: string }>("SELECT name FROM system.named_collections ORDER BY name");
    return rows.map(({ name }) => ({
      key: objectKey("", name),
      kind: "named collection",
      reason: "it holds secrets",
      statement: "",
    }));
  } catch (error) {
    // Older servers have no such table.
    if (isAccessDenied(error) || isUnknownTable(error)) return [];
    throw error;
  }
}
