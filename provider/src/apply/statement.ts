import type { Connection } from "../connection/connection";
import { ConnectionError } from "../connection/errors";
import { pause } from "../operation/runner";
import type { Statement } from "../plan";
import { quoteString } from "../sql/identifiers";

/** Interval for polling whether a statement whose connection was lost is still running, in milliseconds. */
const POLL = 1000;

/** Runs one statement of a plan. @throws {ServerError} with the server's message. */
export async function runStatement(connection: Connection, step: Statement, tell: (message: string) => void) {
  tell(firstLine(step.sql));
  try {
    await connection.command(step.sql);
  } catch (error) {
    if (!(error instanceof ConnectionError) || !(await ranOn(connection, step.sql))) throw error;
  }
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
