import { unfinishedOperations } from "../apply/operations";
import type { Connection } from "../connection/connection";
import { databasesWithJournal } from "../operation/journal";

/**
 * The objects that are in the middle of a rebuild, a rename or the like, described in words, by key: until that is over, they differ from
 * the declaration. Costs one query, and some for each database that has a journal.
 */
export async function operationsOn(
  connection: Connection,
  databases: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  const journaled = await databasesWithJournal(connection);
  const found = new Map<string, string>();
  for (const database of journaled.filter((name) => databases.has(name))) {
    for (const { keys, kind, operation } of await unfinishedOperations(connection, database)) {
      const words = `${kind} ${operation} of it is not finished; \`pulumi up\` or \`clickhouse-schema operations\` ends it`;
      for (const key of keys) found.set(key, words);
    }
  }
  return found;
}
