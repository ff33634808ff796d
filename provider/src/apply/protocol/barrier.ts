import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
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
