import type { Connection } from "../../connection/connection";
import { uncover } from "../../operation/guard";
import { Journal, readJournals } from "../../operation/journal";
import { isWorkingTable } from "../../operation/names";
import { Runner } from "../../operation/runner";
import { qualifiedName, quoteString } from "../../sql/identifiers";
import { keyOf } from "../../sql/object-key";
import { parseCreate } from "../../sql/parse";
import type { Done } from "./put-aside";

/** A table as it was before an operation, kept for a while. */
export interface RetiredTable {
  readonly operation: string;
  /** Quoted and qualified. */
  readonly name: string;
  /** Without the database. */
  readonly bareName: string;
  /** Key of the object whose rows it has. */
  readonly of: string;
  readonly rows: number;
  /** Size on disk; parts that it shares with another table by hard links are counted in both. */
  readonly bytes: number;
  /** In seconds since 1970. */
  readonly keepUntil: number;
  /** Whether that time has passed, by the server's clock. */
  readonly isDue: boolean;
}

interface LiveTable {
  readonly name: string;
  readonly uuid: string;
  readonly rows: string;
  readonly bytes: string;
  readonly now: string;
}

/** The old tables of finished operations (rebuilds and changes of views) in a database that have not been dropped yet. Two queries. */
export async function retiredTables(connection: Connection, database: string): Promise<RetiredTable[]> {
  const journals = await readJournals(connection, database);
  const live = new Map((await liveTables(connection, database)).map((table) => [table.name, table]));
  const found: RetiredTable[] = [];
  for (const [operation, lines] of journals) {
    const done = lines.get("done") as Partial<Done> | undefined;
    const plan = lines.get("plan") as { readonly to?: unknown } | undefined;
    const table = done?.retired === undefined ? undefined : live.get(done.retired);
    // A table with that name but another UUID is somebody else's.
    if (table === undefined || table.uuid !== done?.uuid || lines.has("removed") || typeof plan?.to !== "string")
      continue;
    const keepUntil = done.keepUntil ?? 0;
    found.push({
      operation,
      name: qualifiedName({ database, name: table.name }),
      bareName: table.name,
      of: keyOf(parseCreate(plan.to)),
      rows: Number(table.rows),
      bytes: Number(table.bytes),
      keepUntil,
      isDue: keepUntil * 1000 <= Number(table.now),
    });
  }
  return found;
}

/**
 * Drops the old tables whose retention time has passed.
 *
 * @param now in seconds since 1970. Default: the server's clock.
 * @param of key of the object whose old tables to drop. Default: all in the database.
 * @returns their names, quoted and qualified.
 */
export async function removeRetired(
  connection: Connection,
  database: string,
  now?: number,
  of?: string,
): Promise<string[]> {
  const removed: string[] = [];
  for (const table of await retiredTables(connection, database)) {
    const isDue = now === undefined ? table.isDue : table.keepUntil <= now;
    if (!isDue || (of !== undefined && table.of !== of)) continue;
    const runner = new Runner(connection, table.operation);
    const journal = await Journal.open(runner, database);
    await runner.run(`DROP TABLE IF EXISTS ${table.name} SETTINGS max_table_size_to_drop = 0`);
    await uncover(runner, { database, name: table.bareName });
    await journal.set("removed", true);
    removed.push(table.name);
  }
  return removed;
}

/**
 * Names, without the database, of this package's own tables in it: based on the operations in its journal, so that a user's table with a
 * similar name is not included. Two queries.
 */
export async function workingTables(connection: Connection, database: string): Promise<string[]> {
  const operations = new Set((await readJournals(connection, database)).keys());
  const tables = await liveTables(connection, database);
  return tables.map(({ name }) => name).filter((name) => isWorkingTable(name, operations));
}

function liveTables(connection: Connection, database: string): Promise<LiveTable[]> {
  return connection.query(
    "SELECT name, toString(uuid) AS uuid, toString(ifNull(total_rows, 0)) AS rows, toString(ifNull(total_bytes, 0)) AS bytes, " +
      `toString(toUnixTimestamp64Milli(now64(3))) AS now FROM system.tables WHERE database = ${quoteString(database)} ` +
      "AND (startsWith(name, '_schema_') OR position(name, '__') > 0) ORDER BY name",
  );
}
