import { uuidOf } from "../../clickhouse/catalog";
import { awaitInserts } from "../../operation/gate";
import { pause } from "../../operation/runner";
import { backtick, qualifiedName } from "../../sql/identifiers";
import { renderCreate } from "../../sql/render";
import { parseTable } from "../rebuild/context";
import type { BackfillContext, View } from "./context";
import { createSnapshot, dropViews, link } from "./helpers";
import { readingFrom } from "./query";

/** How long before the cut the views are created on the first attempt, in milliseconds; longer if inserts take longer. */
const LEAD = 3000;
const LONGEST_LEAD = 60_000;
/** Time reserved for dropping a view before the cut, in milliseconds. */
const SPARE = 500;

/**
 * Cuts at a time in the future: the views take the rows that the server receives from then on, the snapshots provide the earlier ones. No
 * insert is refused. Every insert that began before the views existed must end before that time, otherwise a later one is chosen.
 *
 * The target was empty and is fed only by these views, so a cut without its journal line is discarded.
 */
export async function cutByTime(context: BackfillContext): Promise<void> {
  const { journal, runner } = context;
  for (let lead = LEAD; !journal.has("cut"); lead = Math.min(LONGEST_LEAD, lead * 2)) await tryCut(context, lead);
  if (journal.has("snapped")) return;
  const at = journal.need<{ at: number }>("cut").at;
  while ((await runner.now()) <= at + 5) await pause(10);
  // Wait until every insert that began before has been stored.
  await awaitInserts(runner, { patience: Number.POSITIVE_INFINITY, closed: at + 5 });
  for (const view of context.views) {
    await createSnapshot(context, parseTable(view.snapshot));
    await link(context, view.source, view.snapshotName);
  }
  await journal.set("snapped", true);
}

async function tryCut(context: BackfillContext, lead: number): Promise<void> {
  const { journal, names, runner, views } = context;
  let made = false;
  for (const { live } of views) made ||= (await uuidOf(runner, live)) !== undefined;
  if (made) {
    await dropViews(context);
    const now = await runner.now();
    await awaitInserts(runner, { patience: Number.POSITIVE_INFINITY, closed: now });
    // Before the time of the cut, no row has passed through a view.
    if (now >= (journal.get<number>("at") ?? 0)) await context.truncate(names.target);
  }
  await journal.assertOwner();
  // Whole seconds, for columns without fractions.
  const at = Math.ceil(((await runner.now()) + lead) / 1000) * 1000;
  await journal.set("at", at);
  for (const view of views) await runner.run(guarded(view, at));
  const closed = await runner.now();
  if (await awaitInserts(runner, { patience: at - SPARE, closed })) await journal.set("cut", { at });
}

/** CREATE of a view that takes only rows from a given time on. */
function guarded({ byTime, source, spec }: View, at: number): string {
  const columns = (byTime?.columns ?? []).map(backtick).join(", ");
  const condition = `${backtick(byTime?.column ?? "")} >= ${moment(at)}`;
  const rows = `(SELECT ${columns} FROM ${qualifiedName(source)} WHERE ${condition})`;
  return renderCreate({ ...spec, query: readingFrom(spec.query, source, rows) });
}

/** Condition on the rows of a snapshot: those from before the cut. Undefined if the snapshot holds no others. */
export function beforeCut({ journal }: BackfillContext, { byTime }: View): string | undefined {
  if (byTime === undefined) return undefined;
  return `${backtick(byTime.column)} < ${moment(journal.need<{ at: number }>("cut").at)}`;
}

/** Gives the views their declared query, without the condition. */
export async function dropGuards({ runner, views }: BackfillContext): Promise<void> {
  for (const { byTime, live, spec } of views) {
    if (byTime !== undefined) await runner.run(`ALTER TABLE ${qualifiedName(live)} MODIFY QUERY ${spec.query}`);
  }
}

function moment(milliseconds: number): string {
  return `fromUnixTimestamp64Milli(toInt64(${milliseconds}))`;
}
