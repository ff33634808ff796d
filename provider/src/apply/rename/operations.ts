import type { Connection } from "../../connection/connection";
import { ServerError } from "../../connection/errors";
import { messageOf, SchemaError } from "../../errors";
import { ForwardOnly } from "../../operation/errors";
import { dropBeside } from "../../operation/exchange-view";
import { releaseInserts } from "../../operation/hold";
import { readJournals } from "../../operation/journal";
import { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import { type Context, FINISHED, followDatabase, isRenamed, openContext, type Plan } from "./context";
import type { Dependent } from "./dependents";
import { qualified, renameStatement, reversed } from "./names";
import type { RenameHooks, RenameOperation } from "./options";
import { startRefreshes } from "./refreshing";
import { readsAs, repoint } from "./repoint";

/** The unfinished renames in a database's journal. If the database itself is renamed, look under its current name. */
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
    const [from, to] = [qualified(plan.from), qualified(plan.to)];
    const [canAbort, aborting] = [!lines.has("open"), lines.has("aborting")];
    found.push({ operation, database, object, from, to, renamed, startedAt, canAbort, aborting });
  }
  return found;
}

/**
 * Restores the old name: re-pointed objects get their old definitions. Inserts remain refused until that is done.
 *
 * @throws {SchemaError} when everything is re-pointed and inserts are accepted again.
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
    throw new ForwardOnly(
      `${qualified(plan.to)}: operation ${runner.operation} has re-pointed everything, and inserts go to the new name, so it cannot be rolled back. ` +
        `Resume it. To go back, rename it to ${qualified(plan.from)} afterwards.`,
    );
  }
  await context.journal.set("aborting", true);
  if (await isRenamed(runner, plan)) await runner.run(renameStatement(reversed(renaming)));
  if (!("name" in plan.from)) await followDatabase(context, plan.from.database);
  const { journal } = context;
  const left = await pointBack(context, journal.get<Dependent[]>("dependents") ?? []);
  await releaseInserts(runner, journal.get<QualifiedName[]>("gate") ?? []);
  hooks.onGate?.(false);
  await startRefreshes(runner, journal, (view) => view);
  if (left.length > 0) throw new SchemaError("operation-forward-only", left);
  await journal.set("aborted", true);
}

/** Restores the old definitions of re-pointed objects. One that fails does not stop the others. @returns what remains to be done. */
async function pointBack({ journal, runner }: Context, dependents: readonly Dependent[]): Promise<string[]> {
  const left: string[] = [];
  const attempt = async (label: string, work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error: unknown) => {
      if (!(error instanceof ServerError)) throw error;
      left.push(`${label}: ${messageOf(error)}`);
    });
  };
  for (const { database, from, name } of dependents) {
    const label = qualifiedName({ database, name });
    await attempt(`${label}: could not be given its old definition again`, async () => {
      await repoint(runner, journal, { database, name }, from).catch(async (error: unknown) => {
        // Rows flow as before; different comments in a column list are the lesser evil.
        if (!(error instanceof ServerError) || !(await readsAs(runner, { database, name }, from))) throw error;
      });
    });
    await attempt(`${label}: what was made beside it could not be dropped`, () =>
      dropBeside(runner, { database, name }),
    );
  }
  return left;
}
