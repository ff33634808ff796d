import type { Connection } from "../../connection/connection";
import { SchemaError } from "../../errors";
import type { QualifiedName } from "../../sql/spec";
import { release } from "../protocol/hold";
import { readJournals } from "../protocol/journal";
import { Runner } from "../protocol/runner";
import { FINISHED, isRenamed, openContext, type Plan } from "./context";
import type { Dependent } from "./dependents";
import { renameStatement, reversed, written } from "./names";
import type { RenameHooks, RenameOperation } from "./options";
import { startRefreshes } from "./refreshing";
import { followDatabase } from "./rename";
import { repoint } from "./repoint";

/** The renames in a database's journal that are not finished. That of the database itself is found under the name it has now. */
export async function resumableRenames(connection: Connection, database: string): Promise<RenameOperation[]> {
  const found: RenameOperation[] = [];
  for (const [operation, lines] of await readJournals(connection, database)) {
    const plan = lines.get("plan") as Plan | undefined;
    if (plan?.kind !== "rename" || lines.has(FINISHED) || lines.has("aborted")) continue;
    const renamed = await isRenamed(new Runner(connection, operation), plan).catch((error: unknown) => {
      if (error instanceof SchemaError) return false;
      throw error;
    });
    const { object, startedAt } = plan;
    const [from, to] = [written(plan.from), written(plan.to)];
    const [canAbort, aborting] = [!lines.has("open"), lines.has("aborting")];
    found.push({ operation, database, object, from, to, renamed, startedAt, canAbort, aborting });
  }
  return found;
}

/**
 * Goes back to the old name: what was re-pointed gets its old definition. Inserts stay refused until that is done.
 *
 * @throws {SchemaError} when everything is re-pointed, and inserts are let through again.
 */
export async function abortRename(
  connection: Connection,
  operation: { readonly database: string; readonly operation: string },
  hooks: RenameHooks = {},
): Promise<void> {
  const context = await openContext(connection, operation, hooks);
  const { plan, renaming, runner } = context;
  if (context.journal.has("aborted")) return;
  await runner.endLeftovers();
  await context.journal.take();
  if (context.journal.has("open")) {
    throw new SchemaError(
      `${written(plan.to)}: operation ${runner.operation} has re-pointed everything, and inserts go to the new name; the way is forward only. ` +
        `Resume it. To go back, rename it to ${written(plan.from)} afterwards.`,
    );
  }
  await context.journal.set("aborting", true);
  if (await isRenamed(runner, plan)) await runner.run(renameStatement(reversed(renaming)));
  if (plan.object === "database") await followDatabase(context, plan.from.database);
  const { journal } = context;
  for (const dependent of journal.get<Dependent[]>("dependents") ?? []) {
    await repoint(runner, journal, { database: dependent.database, name: dependent.name }, dependent.from);
  }
  await release(runner, journal.get<QualifiedName[]>("gate") ?? []);
  hooks.onGate?.(false);
  await startRefreshes(runner, journal, (view) => view);
  await journal.set("aborted", true);
}
