import type { Connection } from "../connection/connection";
import { isAccessDenied, isUnknownTable } from "../connection/server-message";
import { objectKey } from "../sql/object-key";
import type { Selection } from "./selection";
import type { UnmanagedObject } from "./server";
import type { LiveObject } from "./server-catalog";

/**
 * Objects that belong to no database, may be referenced from one, and are not managed: named collections, of which only the name is read.
 * If objects were selected, only those matter, so nothing is read. The server shows them only to users with SHOW NAMED COLLECTIONS.
 */
export async function readGlobals(connection: Connection, selection: Selection): Promise<UnmanagedObject[]> {
  if (selection.databases !== undefined || selection.include !== undefined) return [];
  return readCollections(connection);
}

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
    // Older servers do not have this table.
    if (isAccessDenied(error) || isUnknownTable(error)) return [];
    throw error;
  }
}
