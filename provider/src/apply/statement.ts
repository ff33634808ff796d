import type { Connection } from "../connection/connection";
import { ConnectionError, ServerError } from "../connection/errors";
import { messageOf, SchemaError } from "../errors";
import type { Statement } from "../plan";
import { quoteString } from "../sql/identifiers";
import { pause } from "./protocol/runner";

/** How often the server is asked whether a statement still runs whose connection was lost, in milliseconds. */
const POLL = 1000;

/**
 * Runs one statement of a plan, after the checks of its hazards.
 *
 * @throws {SchemaError} when a check fails; nothing was changed then. {ServerError} with the server's words.
 */
export async function runStatement(connection: Connection, step: Statement, tell: (message: string) => void) {
  for (const { kind, check } of step.hazards) {
    if (kind === "may-fail" && check !== undefined) await runCheck(connection, step, check, tell);
  }
  tell(firstLine(step.sql));
  try {
    await connection.command(step.sql);
  } catch (error) {
    if (!(error instanceof ConnectionError) || !(await ranOn(connection, step.sql))) throw error;
  }
}

async function runCheck(connection: Connection, step: Statement, check: string, tell: (message: string) => void) {
  tell(`checking the rows: ${firstLine(check)}`);
  try {
    await connection.query(check);
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    throw new SchemaError(
      `A value does not fit, so this was not run: ${step.sql}\nThe server says: ${messageOf(error)}\n` +
        `Mend the rows first; this must run without an error: ${check}`,
      { cause: error },
    );
  }
}

/** A statement that outlasts its request goes on at the server. @returns whether it was found running, and has ended by now. */
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
