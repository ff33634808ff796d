import { isTable, uuidOf } from "../../clickhouse/catalog";
import { FENCE, resumeMerges } from "../../operation/fence";
import { awaitInserts } from "../../operation/gate";
import type { BackfillContext } from "./context";
import { isExchanged } from "./exchange";
import { openGate } from "./gate";
import { canEmpty, dropHelpers, dropViews } from "./helpers";

/**
 * Restores the earlier state. Views that the operation created are dropped, and the rows they have written since are removed from the
 * target; what was computed for an existing view is dropped.
 */
export async function undoBackfill(context: BackfillContext): Promise<void> {
  await openGate(context);
  await lowerFence(context);
  if (context.isRefill) {
    await dropViews(context);
    await settle(context);
    await context.drop(context.names.fresh);
  } else await dropCreated(context);
  await dropHelpers(context);
}

/** Lets the target merge again, if the operation had stopped it. */
async function lowerFence({ destination, layout, runner }: BackfillContext): Promise<void> {
  const [found] = await runner.rows<{ statement: string }>(
    `SELECT create_table_query AS statement FROM system.tables WHERE ${isTable(destination, "name")}`,
  );
  if (found !== undefined && FENCE.some(({ name }) => found.statement.includes(name))) {
    await resumeMerges(runner, destination, layout.storage.settings, true);
  }
}

/** The target can be emptied if the operation created views: only those have written to it. */
async function dropCreated(context: BackfillContext): Promise<void> {
  const { journal, names, views } = context;
  const made = journal.has("cutOff") || (await madeViews(context));
  if (!made) return;
  // Written down first: once the views are gone, nothing else shows that rows must be removed.
  if (!journal.has("cutOff")) await journal.set("cutOff", views.length);
  await dropViews(context);
  await settle(context);
  await context.truncate(names.target);
}

/** Waits until the inserts that still use a dropped view have ended. */
async function settle({ runner }: BackfillContext): Promise<void> {
  await awaitInserts(runner, { patience: Number.POSITIVE_INFINITY, closed: await runner.now() });
}

async function madeViews({ runner, views }: Pick<BackfillContext, "runner" | "views">): Promise<boolean> {
  for (const { live } of views) if ((await uuidOf(runner, live)) !== undefined) return true;
  return false;
}

/** Why it cannot be rolled back any more: what the operation has done; undefined while it can be. */
export async function noWayBack(context: BackfillContext): Promise<string | undefined> {
  const { journal } = context;
  if (context.isRefill) return (await isExchanged(context)) ? "has put the new rows in place" : undefined;
  if (journal.has("baseline")) return "is bringing rows to the target";
  if (!(await madeViews(context))) return undefined;
  if (await canEmpty(context)) return undefined;
  return "has created the view, whose rows cannot be distinguished from the others in the target";
}
