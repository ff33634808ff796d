import { isSubscribed, isTable } from "../../clickhouse/catalog";
import { SchemaError } from "../../errors";
import { awaitInserts, type Gate, timeLeft } from "../../operation/gate";
import { cover } from "../../operation/guard";
import { partsOf } from "../../operation/parts";
import { qualifiedName } from "../../sql/identifiers";
import { parseTable } from "../rebuild/context";
import { cutByTime } from "./by-time";
import type { BackfillContext, View } from "./context";
import { freshStatements, snapshotStatement } from "./definitions";
import { behindGate, hasTime } from "./gate";
import { canEmpty, createSnapshot, dropViews, link } from "./helpers";

/**
 * Divides the rows: the earlier ones are in the snapshots, the later ones come through the views, and none is in both or in neither.
 * Inserts are refused for a moment, unless the rows record when they were inserted.
 */
export async function cut(context: BackfillContext): Promise<void> {
  if (context.isRefill) await cutTwins(context);
  else if (context.views.some(({ byTime }) => byTime !== undefined)) await cutByTime(context);
  else await cutNew(context);
  for (const view of context.views) await requireSource(context, view);
}

/** The existence of a new view marks its cut: CREATE is the last statement of the cut, so a crash leaves nothing to roll back. */
async function cutNew(context: BackfillContext): Promise<void> {
  const { journal } = context;
  while (!journal.has("cut")) {
    if (journal.has("late")) throw cutTooLate(context);
    const open = await uncut(context);
    for (const view of open) {
      await createSnapshot(context, parseTable(view.snapshot));
      // Link most of it in advance, because linking many parts takes longer than inserts may be refused.
      await link(context, view.source, view.snapshotName);
    }
    const sources = open.map(({ source }) => source);
    if (open.length > 0) await behindGate(context, sources, (gate) => createViews(context, gate));
    if (journal.has("cut")) break;
    if (await areInTime(context)) await journal.set("cut", true);
    else await takeBack(context);
  }
}

async function createViews(context: BackfillContext, gate: Gate): Promise<boolean> {
  const { journal, names, runner } = context;
  const open = await uncut(context);
  for (const view of open) await link(context, view.source, view.snapshotName);
  // Records whether the target can be emptied again if the operation is aborted.
  if (open.length === context.views.length) {
    await journal.set("empty", (await partsOf(runner, names.target)).length === 0);
  }
  for (const { index } of open) await journal.set(`deadline:${index}`, gate.deadline);
  await journal.assertOwner();
  for (const { spec } of open) {
    if (!(await hasTime(context, gate))) return false;
    await runner.create(spec);
  }
  if (open.length === context.views.length && (await timeLeft(runner, gate)) > 0) await journal.set("cut", true);
  return true;
}

/**
 * Whether the views were created before the gate opened by itself; checked on the server, because the runner that created them may have
 * died.
 */
async function areInTime({ journal, runner, views }: BackfillContext): Promise<boolean> {
  for (const { index, live } of views) {
    const deadline = journal.get<number>(`deadline:${index}`);
    const [row] = await runner.rows<{ made: string }>(
      `SELECT toString(toUnixTimestamp(metadata_modification_time)) AS made FROM system.tables WHERE ${isTable(live, "name")}`,
    );
    // The server reports whole seconds; with less than one left it may have been too late.
    if (deadline !== undefined && row !== undefined && (Number(row.made) + 1) * 1000 > deadline) return false;
  }
  return true;
}

/** If the server took seconds for a CREATE, some rows are in no snapshot and came through no view: the cut starts over. */
async function takeBack(context: BackfillContext): Promise<void> {
  const { journal, names, runner } = context;
  if (!(await canEmpty(context))) await journal.set("late", true);
  await dropViews(context);
  if (journal.has("late")) throw cutTooLate(context);
  await awaitInserts(runner, { patience: Number.POSITIVE_INFINITY, closed: await runner.now() });
  await context.truncate(names.target);
}

function cutTooLate({ names, runner }: BackfillContext): SchemaError {
  return new SchemaError(
    "operation-failed",
    `${qualifiedName(names.target)}: creating the view took the server so long that inserts were accepted again, so the view was dropped. The rows that it ` +
      `wrote in that time are in the target, among others, and would count twice. Abort operation ${runner.operation}, take them out ` +
      "(clickhouse-schema verify --repair finds the buckets once the view is there), and start again when the server is less busy.",
  );
}

async function uncut(context: BackfillContext): Promise<View[]> {
  const open: View[] = [];
  for (const view of context.views) if (!(await context.isCut(view))) open.push(view);
  return open;
}

/** Nobody else uses the new target, so a cut without its journal line is discarded. */
async function cutTwins(context: BackfillContext): Promise<void> {
  const { journal, layout, names, runner, views } = context;
  if (journal.has("cut")) return;
  await dropViews(context);
  await awaitInserts(runner, { patience: Number.POSITIVE_INFINITY, closed: await runner.now() });
  await context.drop(names.fresh);
  await cover(runner, names.fresh);
  for (const sql of freshStatements(context, names.fresh)) await runner.run(sql);
  await createSnapshot(context, parseTable(snapshotStatement(layout, names.before)));
  await link(context, names.target, names.before);
  for (const view of views) {
    await createSnapshot(context, parseTable(view.snapshot));
    await link(context, view.source, view.snapshotName);
  }
  const sources = views.map(({ source }) => source);
  await behindGate(context, [...sources, names.target], async (gate) => {
    await dropViews(context);
    await context.truncate(names.fresh);
    for (const view of views) await link(context, view.source, view.snapshotName);
    await link(context, names.target, names.before);
    await journal.assertOwner();
    for (const { live, spec } of views) await runner.create({ ...spec, ...live, to: names.fresh });
    if (!(await hasTime(context, gate))) return false;
    await journal.set("cut", true);
    return true;
  });
}

/** @throws {SchemaError} when the engine considers another table to be the view's source than we did. */
async function requireSource({ runner }: BackfillContext, { live, source, spec }: View): Promise<void> {
  if (await isSubscribed(runner, live, source)) return;
  throw new SchemaError(
    "changed-meanwhile",
    `${qualifiedName(spec)}: ${qualifiedName(source)} does not pass its inserts on to ${qualifiedName(live)}; somebody dropped or changed the view, or the ` +
      `server reads its query differently. Abort operation ${runner.operation}.`,
  );
}
