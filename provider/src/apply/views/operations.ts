import { uuidOf } from "../../clickhouse/catalog";
import { innerTable } from "../../clickhouse/names";
import type { Connection } from "../../connection/connection";
import { SchemaError } from "../../errors";
import { ForwardOnly } from "../../operation/errors";
import { dropBeside } from "../../operation/exchange-view";
import { uncover } from "../../operation/guard";
import { releaseAll } from "../../operation/hold";
import { Journal, readJournals } from "../../operation/journal";
import { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import { dropChunks } from "./carry";
import { canAbort, parseMaterializedView, phaseOf, ViewContext, type ViewPlan } from "./context";
import { openGate } from "./gated";
import type { ViewHooks, ViewOperation } from "./options";
import { resumeRefresh } from "./refresh";
import { dropOther } from "./swap";

/** The unfinished view steps in a database: they can be resumed or, up to a point, aborted. */
export async function resumableViews(connection: Connection, database: string): Promise<ViewOperation[]> {
  const found: ViewOperation[] = [];
  for (const [operation, lines] of await readJournals(connection, database)) {
    const plan = lines.get("plan") as ViewPlan | undefined;
    if (plan?.kind !== "view" || lines.has("done") || lines.has("aborted")) continue;
    const to = parseMaterializedView(plan.to);
    // A map stands in for the journal, because opening that would write.
    const lookup = {
      has: (key: string) => lines.has(key),
      get: <Value>(key: string) => lines.get(key) as Value | undefined,
    };
    // If somebody has dropped a view in the meantime, resuming reports it; the list itself must not fail.
    const known = await phaseOf(new Runner(connection, operation), lookup, plan).catch((error: unknown) => {
      if (error instanceof SchemaError) return undefined;
      throw error;
    });
    const phase = known ?? (lines.has("carried") ? "swap" : "carry");
    const abortable = known !== undefined && canAbort(known, to);
    const { from, startedAt, step: kind } = plan;
    found.push({
      ...{ operation, database, view: qualifiedName(to), kind, from, to: plan.to, phase, startedAt },
      ...{ canAbort: abortable, aborting: lines.has("aborting") },
    });
  }
  return found;
}

/**
 * Returns to the old view, which was not changed: drops what was created beside it and lets it refresh again.
 *
 * @throws {SchemaError} when it can only be resumed: the new view has the name, or the declared target has received rows from it.
 */
export async function abortViewStep(
  connection: Connection,
  operation: { readonly database: string; readonly operation: string },
  hooks: ViewHooks = {},
): Promise<void> {
  const runner = new Runner(connection, operation.operation, hooks);
  const journal = await Journal.ofOperation(runner, operation.database);
  const context = new ViewContext(runner, journal, hooks);
  if (journal.has("aborted")) return;
  await runner.endLeftovers();
  await journal.take();
  if (!journal.has("aborting")) {
    if (journal.has("done") || !context.canAbort(await context.phase())) throw await forwardOnly(context);
    await journal.set("aborting", true);
  }
  await openGate(context);
  if (context.inner !== undefined) await dropNew(context, context.inner.view);
  else {
    await dropBeside(runner, context.names.view);
    await releaseAll(runner);
  }
  await resumeRefresh(context);
  await journal.set("aborted", true);
}

async function dropNew(context: ViewContext, old: string): Promise<void> {
  const { names, runner } = context;
  const made = await uuidOf(runner, names.other);
  if (made !== undefined && made !== old) {
    await dropOther(context, made);
    await uncover(runner, innerTable(names.other.database, made));
  }
  await uncover(runner, names.other);
  await context.drop(context.names.idle);
  await dropChunks(context);
  await context.drop(names.snapshot);
}

async function forwardOnly({ journal, names, runner, to }: ViewContext): Promise<ForwardOnly> {
  const name = qualifiedName(names.view);
  const why = journal.has("done")
    ? "is done"
    : to.to === undefined
      ? "has given the name to the new view, which rows go to"
      : `has made the new view, and ${qualifiedName(to.to)} gets rows from it`;
  return new ForwardOnly(
    `${name}: operation ${runner.operation} ${why}, so it cannot be rolled back. Resume it. To go back, change the declaration back afterwards.`,
  );
}
