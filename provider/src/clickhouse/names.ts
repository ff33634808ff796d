import type { QualifiedName } from "../sql/spec";

/** Where a view without a target stores its rows, in a database with UUIDs. */
export function innerTable(database: string, uuid: string): QualifiedName {
  return { database, name: `.inner_id.${uuid}` };
}
