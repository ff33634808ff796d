import { ERROR_CODES } from "../clickhouse/error-codes";
import type { Connection } from "../connection/connection";
import { ConnectionError, ServerError } from "../connection/errors";
import { pause } from "../operation/runner";
import type { Statement } from "../plan";
import { quoteString } from "../sql/identifiers";

/** Interval for polling whether a statement whose connection was lost is still running, in milliseconds. */
const POLL = 1000;

/** Runs one statement of a plan. @param withSecrets puts secrets in their places. @throws {ServerError} with the server's message. */
export async function runStatement(
  connection: Connection,
  step: Statement,
  tell: (message: string) => void,
  withSecrets = (sql: string): string => sql,
): Promise<void> {
  tell(firstLine(step.sql));
  try {
    await connection.command(withSecrets(step.sql));
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

function firstLine(sql: string): string {
  const line = sql.replace(/\s+/g, " ");
  return line.length > 120 ? `${line.slice(0, 117)}…` : line;
}
