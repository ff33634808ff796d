import { uuidOf } from "../clickhouse/catalog";
import { ServerError } from "../connection/errors";
import { qualifiedName } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";
import type { Runner } from "./runner";

/**
 * Waits until no earlier statement still holds the table: a running query keeps its storage, and DETACH … SYNC returns only when nobody
 * does. For tables that no client refers to. Repeatable: a table left detached is attached again.
 */
export async function awaitOpenReaders(runner: Runner, table: QualifiedName): Promise<void> {
  if ((await uuidOf(runner, table)) !== undefined) await runner.run(`DETACH TABLE ${qualifiedName(table)} SYNC`);
  await runner.run(`ATTACH TABLE ${qualifiedName(table)}`);
}

/**
 * Re-attaches a table that a runner left detached when it died in {@link awaitOpenReaders}; DROP does not see such a table. Other tables are no
 * error.
 */
export async function attachLeftover(runner: Runner, table: QualifiedName): Promise<void> {
  if ((await uuidOf(runner, table)) !== undefined) return;
  await runner.run(`ATTACH TABLE IF NOT EXISTS ${qualifiedName(table)}`).catch((error: unknown) => {
    if (!(error instanceof ServerError)) throw error;
  });
}
