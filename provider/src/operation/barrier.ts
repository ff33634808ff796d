import { ServerError } from "../connection/errors";
import { qualifiedName } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";
import { uuidOf } from "./parts";
import type { Runner } from "./runner";

/**
 * Waits until no statement that began before holds the table: a query in flight keeps its storage, and DETACH … SYNC returns when
 * nobody does. For tables that nobody names. Can be repeated: a table left detached is attached again.
 */
export async function barrier(runner: Runner, table: QualifiedName): Promise<void> {
  if ((await uuidOf(runner, table)) !== undefined) await runner.run(`DETACH TABLE ${qualifiedName(table)} SYNC`);
  await runner.run(`ATTACH TABLE ${qualifiedName(table)}`);
}

/** Attaches a table that a runner which died in {@link barrier} has left detached, where DROP does not see it. Any other is no error. */
export async function attachLeftover(runner: Runner, table: QualifiedName): Promise<void> {
  if ((await uuidOf(runner, table)) !== undefined) return;
  await runner.run(`ATTACH TABLE IF NOT EXISTS ${qualifiedName(table)}`).catch((error: unknown) => {
    if (!(error instanceof ServerError)) throw error;
  });
}
