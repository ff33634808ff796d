import type { Connection } from "../connection/connection";
import { objectKey } from "../sql/object-key";
import type { QualifiedName } from "../sql/spec";
import { Journal } from "./protocol/journal";
import { Runner } from "./protocol/runner";
import { retiredTables } from "./rebuild";

/** Drops the old tables of an object whose time is over. @returns their names, quoted and qualified. */
export async function removeRetired(connection: Connection, object: QualifiedName): Promise<string[]> {
  const removed: string[] = [];
  for (const { operation, name, of, isDue } of await retiredTables(connection, object.database)) {
    if (!isDue || of !== objectKey(object.database, object.name)) continue;
    const runner = new Runner(connection, operation);
    await runner.run(`DROP TABLE IF EXISTS ${name} SETTINGS max_table_size_to_drop = 0`);
    await (await Journal.open(runner, object.database)).set("removed", true);
    removed.push(name);
  }
  return removed;
}
