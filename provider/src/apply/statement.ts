import { withoutLiterals } from "../canonical/explain";
import { ERROR_CODES } from "../clickhouse/error-codes";
import type { Connection } from "../connection/connection";
import { ConnectionError, ServerError } from "../connection/errors";
import { pause } from "../operation/runner";
import type { Statement } from "../plan";
import { quoteString } from "../sql/identifiers";
import { oneLine } from "../util/format";
import { insisting } from "./insist";

/** Interval for polling whether a statement whose connection was lost is still running, in milliseconds. */
const POLL = 1000;

/** Runs one statement of a plan. @param withSecrets puts secrets in their places. @throws {ServerError} with the server's message. */
export async function runStatement(
  connection: Connection,
  step: Statement,
  tell: (message: string) => void,
  withSecrets = (sql: string): string => sql,
): Promise<void> {
  tell(oneLine(step.sql));
  const sql = withSecrets(step.sql);
  if (sql !== step.sql) return insisting(step.sql, () => runFilled(connection, step.sql, sql));
  try {
    await insisting(sql, () => connection.command(sql));
  } catch (error) {
    if (await dropLeftover(connection, step.sql, error)) return;
    if (!(error instanceof ConnectionError) || !(await ranOn(connection, step.sql))) throw error;
  }
}

/**
 * CREATE OR REPLACE DICTIONARY may answer 630 although it has replaced: it then leaves the old one under a temporary name. Whether the new one
 * is what was declared is compared afterwards, as after every change.
 *
 * @returns whether that was it.
 */
async function dropLeftover(connection: Connection, sql: string, error: unknown): Promise<boolean> {
  if (!/^CREATE OR REPLACE DICTIONARY\b/.test(sql) || !(error instanceof ServerError)) return false;
  const [, database, name] = /(\S+)\.(_tmp_replace_\w+)/.exec(error.message) ?? [];
  if (error.code !== ERROR_CODES.HAVE_DEPENDENT_OBJECTS || database === undefined || name === undefined) return false;
  await connection.command(`DROP DICTIONARY IF EXISTS ${database}.${name} SETTINGS check_table_dependencies = 0`);
  return true;
}

/** A statement that outlasts its request continues on the server. @returns whether it was found running there, and has now ended. */
async function ranOn(connection: Connection, sql: string): Promise<boolean> {
  const text = `SELECT count() AS n FROM system.processes WHERE query = ${quoteString(sql)}`;
  const running = async (): Promise<boolean> => {
    const [row] = await connection.query<{ n: string }>(text);
    return Number(row?.n) > 0;
  };
  if (!(await running().catch(() => false))) return false;
  while (await running()) await pause(POLL);
  return true;
}

/**
 * Runs a statement with secrets. The server hides them in its logs only if it can parse the statement, so it is first asked whether it can, with
 * placeholders; and no error quotes them. One whose connection breaks is not looked for among the server's running ones, which would quote it.
 *
 * @param shown with placeholders.
 * @throws {ServerError} with the server's words.
 */
export async function runFilled(connection: Connection, shown: string, sql: string): Promise<void> {
  await connection.query("SELECT formatQuery({sql:String}) AS text", { sql: shown });
  try {
    await connection.command(sql);
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    throw new ServerError(withoutLiterals(error.message, sql), error.code, shown);
  }
}
