import { uuidOf } from "../../clickhouse/catalog";
import { SchemaError } from "../../errors";
import { allowInserts, awaitInserts, isGate } from "../../operation/gate";
import { renameHelper } from "../../operation/guard";
import { qualifiedName } from "../../sql/identifiers";
import { renderCreate } from "../../sql/render";
import type { TableSpec } from "../../sql/spec";
import { liveTable } from "../views/carry";
import type { BackfillContext } from "./context";
import { behindGate, hasTime } from "./gate";
import { dropViews } from "./helpers";

/** Whether the new rows have replaced the old ones: the table that has the name shows it, not the journal. */
export async function isExchanged({ names, plan, runner }: BackfillContext): Promise<boolean> {
  const current = await uuidOf(runner, names.target);
  if (current === plan.uuid) return false;
  if (current !== undefined && (await uuidOf(runner, names.fresh)) === plan.uuid) return true;
  if (current !== undefined && (await uuidOf(runner, names.retired)) === plan.uuid) return true;
  throw new SchemaError(
    "changed-meanwhile",
    `${qualifiedName(names.target)}: ${current === undefined ? "is gone" : "is neither the old table nor the new one"}; somebody dropped, renamed or ` +
      `replaced it during operation ${runner.operation}.`,
  );
}

/** Swaps in the new target, while no rows are on their way to either table. */
export async function exchange(context: BackfillContext): Promise<void> {
  const { journal, names, runner } = context;
  await refuseChanged(context);
  await behindGate(context, [...context.views.map(({ source }) => source), names.target], async (gate) => {
    await journal.assertOwner();
    if (!(await hasTime(context, gate))) return false;
    await runner.run(`EXCHANGE TABLES ${qualifiedName(names.target)} AND ${qualifiedName(names.fresh)}`);
    // The gate moved with the old table, and must be opened before those of the sources: the twins write to that table.
    await allowInserts(runner, [names.fresh]);
    return true;
  });
}

/** @throws {SchemaError} when the target was altered in the meantime, which the new one was not. */
async function refuseChanged(context: BackfillContext): Promise<void> {
  const { layout, names, plan, runner } = context;
  const text = (table: TableSpec): string =>
    renderCreate({ ...table, constraints: table.constraints.filter(({ name }) => !isGate(name)) });
  if (text(await liveTable(context, names.target)) === text(layout)) return;
  throw new SchemaError(
    "changed-meanwhile",
    `${qualifiedName(names.target)}: was altered while its rows were being computed; the new rows have the old definition: ${plan.to}\nAbort operation ${runner.operation} and ` +
      "start again.",
  );
}

/** Drops the twins, which have been writing to the old target since the exchange, and retires that table. */
export async function retireOld(context: BackfillContext): Promise<void> {
  const { names, plan, runner } = context;
  await dropViews(context);
  await awaitInserts(runner, { patience: Number.POSITIVE_INFINITY, closed: await runner.now() });
  if ((await uuidOf(runner, names.fresh)) !== plan.uuid) return;
  await renameHelper(runner, names.fresh, names.retired);
}
