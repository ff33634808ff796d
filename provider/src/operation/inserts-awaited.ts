import type { Connection } from "../connection/connection";
import { awaitInserts } from "./gate";
import { GATE_LIMIT, stillWriting } from "./inserts-blocked";
import { newOperation } from "./names";
import { Runner } from "./runner";

/**
 * Waits until the inserts that run now have ended, while others begin: one that has read how a view or a table was may still go by that.
 *
 * @param label of what waits, and `needs` what for, for the message.
 * @throws {Postponed} when they have not ended in ten minutes.
 */
export async function awaitRunningInserts(
  connection: Connection,
  label: string,
  why: { readonly needs: string; readonly meanwhile: string },
): Promise<void> {
  const runner = new Runner(connection, newOperation());
  const closed = await runner.now();
  if (await awaitInserts(runner, { closed, patience: closed + GATE_LIMIT })) return;
  throw await stillWriting(runner, { label, why });
}
