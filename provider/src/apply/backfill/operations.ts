import { isTable, uuidOf } from "../../clickhouse/catalog";
import type { Connection } from "../../connection/connection";
import { SchemaError } from "../../errors";
import { ForwardOnly } from "../../operation/errors";
import { FENCE, resumeMerges } from "../../operation/fence";
import { awaitInserts } from "../../operation/gate";
import { Journal } from "../../operation/journal";
import { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import { type BackfillPlan, backfillNames, Context, parseView } from "./context";
import { isExchanged } from "./exchange";
import { openGate } from "./gate";
import { canEmpty, dropHelpers, dropViews } from "./helpers";
import { findUnfinished, type UnfinishedBackfill } from "./journals";
import type { BackfillHooks, BackfillOperation, BackfillStep } from "./options";

/** The unfinished backfills in a database: they can be resumed or, up to a point, aborted. */
export async function resumableBackfills(connection: Connection, database: string): Promise<BackfillOperation[]> {
  const found: BackfillOperation[] = [];
  for (const one of await findUnfinished(connection, database)) found.push(await describe(connection, one));
  return found;
}

/**
 * Restores the earlier state. Views that the operation created are dropped, and the rows they have written since are removed from the
 * target; what was computed for an existing view is dropped.
 *
 * @throws {SchemaError} when it can only be resumed: rows are being attached, the tables were exchanged, or the target also has rows of
 *   others, which cannot be distinguished from those of the view.
 */
export async function abortBackfill(
  connection: Connection,
  operation: { readonly database: string; readonly operation: string },
  hooks: BackfillHooks = {},
): Promise<void> {
  const runner = new Runner(connection, operation.operation, hooks);
  const journal = await Journal.ofOperation(runner, operation.database);
  const context = new Context(runner, journal, hooks);
  if (journal.has("aborted")) return;
  await runner.endLeftovers();
  await journal.take();
  if (!journal.has("aborting")) {
    const why = journal.has("done") ? "is done" : await noWayBack(context);
    if (why !== undefined) {
      throw new ForwardOnly(
        `${qualifiedName(context.names.target)}: operation ${operation.operation} ${why}, so it cannot be rolled back. Resume it: ` +
          `clickhouse-schema operations --resume ${operation.operation}.`,
      );
    }
    await journal.set("aborting", true);
  }
  await openGate(context);
  const { names } = context;
  await lowerFence(context);
  if (context.isRefill) {
    await dropViews(context);
    await settle(context);
    await context.drop(names.fresh);
  } else await dropCreated(context);
  await dropHelpers(context);
  await journal.set("aborted", true);
}

/** Lets the target merge again, if the operation had stopped it. */
async function lowerFence({ destination, layout, runner }: Context): Promise<void> {
  const [found] = await runner.rows<{ statement: string }>(
    `SELECT create_table_query AS statement FROM system.tables WHERE ${isTable(destination, "name")}`,
  );
  if (found !== undefined && FENCE.some(({ name }) => found.statement.includes(name))) {
    await resumeMerges(runner, destination, layout.storage.settings, true);
  }
}

/** The target can be emptied if the operation created views: only those have written to it. */
async function dropCreated(context: Context): Promise<void> {
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
async function settle({ runner }: Context): Promise<void> {
  await awaitInserts(runner, { patience: Number.POSITIVE_INFINITY, closed: await runner.now() });
}

async function madeViews({ runner, views }: Pick<Context, "runner" | "views">): Promise<boolean> {
  for (const { live } of views) if ((await uuidOf(runner, live)) !== undefined) return true;
  return false;
}

async function noWayBack(context: Context): Promise<string | undefined> {
  const { journal } = context;
  if (context.isRefill) return (await isExchanged(context)) ? "has put the new rows in place" : undefined;
  if (journal.has("baseline")) return "is bringing rows to the target";
  if (!(await madeViews(context))) return undefined;
  if (await canEmpty(context)) return undefined;
  return "has created the view, whose rows cannot be told from the others in the target";
}

async function describe(
  connection: Connection,
  { database, lines, operation, plan }: UnfinishedBackfill,
): Promise<BackfillOperation> {
  const runner = new Runner(connection, operation);
  const lookup = {
    get: (key: string) => lines.get(key),
    has: (key: string) => lines.has(key),
    need: () => plan,
    entries: () => [],
  };
  // A map stands in for the journal, because opening that would write.
  const context = new Context(runner, lookup as unknown as Journal, {});
  const why = await noWayBack(context).catch((error: unknown) => {
    if (error instanceof SchemaError) return error.message;
    throw error;
  });
  const names = backfillNames(context.layout, operation);
  const condition = context.views.map(({ snapshotName }) => `(${isTable(snapshotName, "table")})`).join(" OR ");
  const { total } = await runner.one<{ total: string }>(
    `SELECT toString(sum(rows)) AS total FROM system.parts WHERE active AND (${condition || "0"})`,
  );
  const chunks = [...lines].flatMap(([key, line]) =>
    key.startsWith("chunk:") ? [(line as { rows: number }).rows] : [],
  );
  const exchanged = plan.uuid !== undefined && (await uuidOf(runner, names.target)) !== plan.uuid;
  return {
    ...{ operation, database, mode: plan.mode, startedAt: plan.startedAt },
    views: plan.views.map(({ statement }) => qualifiedName(parseView(statement))),
    statement: plan.views[0]?.statement ?? "",
    step: stepOf(plan, lines, exchanged, chunks.length > 0 || lines.has("cut")),
    rows: chunks.reduce((sum, rows) => sum + rows, 0),
    total: Number(total),
    canAbort: why === undefined,
    aborting: lines.has("aborting"),
  };
}

function stepOf(
  plan: BackfillPlan,
  lines: ReadonlyMap<string, unknown>,
  exchanged: boolean,
  isCut: boolean,
): BackfillStep {
  if (exchanged) return "retire";
  if (lines.has("attached")) return plan.mode === "refill" ? "exchange" : "retire";
  if (lines.has("baseline")) return "attach";
  if (lines.has("filled")) return plan.mode === "refill" && !lines.has("checked") ? "check" : "attach";
  return isCut ? "fill" : "cut";
}
