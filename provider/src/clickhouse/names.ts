import type { QualifiedName } from "../sql/spec";

/** Where a view without a target keeps its rows, in a database that knows UUIDs. */
export function innerTable(database: string, uuid: string): QualifiedName {
  return { database, name: `.inner_id.${uuid}` };
}
