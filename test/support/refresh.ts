import { setTimeout as sleep } from "node:timers/promises";

/** A server, as far as a refresh needs it. */
export interface Refreshing {
  /** Columns of the first row, as strings. */
  ask(sql: string): Promise<readonly string[]>;
  run(sql: string): Promise<unknown>;
}

/** Refreshes a view and waits until it is done. 24.8 has no statement that waits; its count of refreshes is polled. */
export async function refreshView({ ask, run }: Refreshing, view: string): Promise<void> {
  const [waits] = await ask(`SELECT isNotNull(formatQueryOrNull('SYSTEM WAIT VIEW ${view}'))`);
  if (Number(waits) === 1) {
    for (const verb of ["WAIT", "REFRESH", "WAIT"]) await run(`SYSTEM ${verb} VIEW ${view}`);
    return;
  }
  const idle = async (least: number): Promise<number> => {
    for (;;) {
      const [count, status, exception] = await ask(
        `SELECT toString(refresh_count), status, exception FROM system.view_refreshes WHERE concat(database, '.', view) = '${view}'`,
      );
      if (exception !== "") throw new Error(exception ?? `${view} is no refreshable view`);
      if (status !== "Running" && Number(count) >= least) return Number(count);
      await sleep(200);
    }
  };
  const before = await idle(0);
  await run(`SYSTEM REFRESH VIEW ${view}`);
  await idle(before + 1);
}
