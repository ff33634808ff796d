/** What must hold when an operation that was cut off has been ended. */
import { abortOperation, resumeOperation, unfinishedOperations } from "../../provider/src/apply/operations";
import type { Connection } from "../../provider/src/connection/connection";
import { differences, inserts, leftovers, type Scenario } from "../apply/failing-runs";

/** Where an operation is: a database that it renames has the other name afterwards. */
export function databasesOf(database: string): readonly [string, string] {
  return [database, `${database}_2`];
}

export async function dropDatabases(connection: Connection, database: string): Promise<void> {
  for (const name of databasesOf(database)) {
    await connection.command(`DROP DATABASE IF EXISTS ${name} SYNC SETTINGS check_table_dependencies = 0`);
  }
}

/** The name of now. */
export async function currentName(connection: Connection, database: string): Promise<string> {
  const [, other] = databasesOf(database);
  const found = await connection.query(`SELECT 1 AS one FROM system.databases WHERE name = '${other}'`);
  return found.length > 0 ? other : database;
}

/**
 * Ends an unfinished operation, backwards where that is wanted and possible, and looks at everything.
 *
 * @returns what is wrong; undefined if no operation is unfinished.
 */
export async function endUnfinished(
  connection: Connection,
  database: string,
  scenario: Pick<Scenario, "name" | "sources" | "targets">,
  aborts: boolean,
): Promise<string[] | undefined> {
  const [one, ...others] = await unfinishedOperations(connection, await currentName(connection, database));
  if (one === undefined) return undefined;
  if (others.length > 0) return [`more than one is listed: ${JSON.stringify([one, ...others])}`];
  const goesBack = one.aborting || (aborts && one.canAbort);
  if (goesBack) await abortOperation(connection, one);
  else await resumeOperation(connection, one, () => undefined);
  return state(connection, database, scenario, !goesBack);
}

/** What is wrong when no operation is under way any more. */
export async function state(
  connection: Connection,
  database: string,
  scenario: Pick<Scenario, "name" | "sources" | "targets">,
  isDone: boolean,
): Promise<string[]> {
  const current = await currentName(connection, database);
  const wrong = await leftovers(connection, current);
  if (!(await inserts(connection, current, scenario, 1000))) wrong.push("inserts are refused");
  wrong.push(...(await differences(connection, current, scenario, 1, isDone)));
  if ((await unfinishedOperations(connection, current)).length > 0) wrong.push("is still listed");
  return wrong;
}
