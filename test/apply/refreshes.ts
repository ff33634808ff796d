/** Refreshable views, on every release. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../provider/src/connection/connection";
import { isSyntaxError } from "../../provider/src/connection/server-message";

/** How long a refresh that was asked for may take to begin, in milliseconds. */
const BEGINS = 500;

/** Waits for a refresh that runs. @param view qualified, needing no quotes. */
export async function awaitRefreshOf(connection: Connection, view: string): Promise<void> {
  try {
    await connection.command(`SYSTEM WAIT VIEW ${view}`);
  } catch (error) {
    // 24.8 does not read it.
    if (!isSyntaxError(error)) throw error;
    const [database, name] = view.split(".");
    const running = `SELECT 1 AS one FROM system.view_refreshes WHERE database = '${database}' AND view = '${name}' AND status LIKE 'Running%'`;
    await sleep(BEGINS);
    while ((await connection.query(running)).length > 0) await sleep(50);
  }
}

/** Refreshes a view and waits for its rows. */
export async function refresh(connection: Connection, view: string): Promise<void> {
  await connection.command(`SYSTEM REFRESH VIEW ${view}`);
  await awaitRefreshOf(connection, view);
}
