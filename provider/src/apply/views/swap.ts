import { uuidOf } from "../../clickhouse/catalog";
import { innerTable } from "../../clickhouse/names";
import { attachAll } from "../../operation/attach";
import { dropBeside } from "../../operation/exchange-view";
import { awaitInserts, type Gate } from "../../operation/gate";
import { cover, isRestricted, renameHelper, uncover } from "../../operation/guard";
import { releaseAll } from "../../operation/hold";
import { partsOf } from "../../operation/parts";
import { replaceView, requireSubscribed } from "../../operation/replace-view";
import { qualifiedName } from "../../sql/identifiers";
import { parseTable } from "../rebuild/context";
import { carriedRows, carry, dropChunks } from "./carry";
import type { Inner, ViewContext } from "./context";
import { behindGate, hasTime } from "./gated";
import { awaitRefresh, pauseRefresh } from "./refresh";

/**
 * The result of an operation: journal line `done`. `retired`, `uuid` and `keepUntil` are as in a rebuild, for the removal of retired
 * tables.
 */
export interface ViewDone {
  readonly rows: number;
  readonly retired?: string;
  readonly uuid?: string;
  readonly keepUntil?: number;
}

/** A view with a target is replaced in one statement. */
export async function replace(context: ViewContext): Promise<void> {
  const { from, journal, runner, to } = context;
  if ((await context.phase()) === "replace") {
    await pauseRefresh(context);
    await behindGate(context, (gate, tables) => replaceView(runner, journal, from, to, { gate, tables }));
  } else await requireSubscribed(runner, to);
  // An earlier run may have died between an exchange and its end, with inserts held.
  await dropBeside(runner, to);
  await releaseAll(runner);
}

/** Links the existing rows into a snapshot; at the same moment the new view begins beside the old one. */
export async function cutInner(context: ViewContext, inner: Inner): Promise<void> {
  await prepareSnapshot(context, inner);
  await behindGate(context, (gate) => cut(context, inner, gate));
}

/** Brings the snapshot's rows to the new view; until the names are exchanged, readers see the old one, complete. */
export async function carryInner(context: ViewContext, inner: Inner): Promise<void> {
  const { journal, names, runner, to } = context;
  await coverNew(context);
  await requireSubscribed(runner, { ...to, ...names.other });
  if (inner.carry !== undefined) return carry(context, inner.carry.columns, parseTable(inner.carry.layout));
  await awaitRefresh(runner, names.other);
  if (!journal.has("carried")) await journal.set("carried", { chunks: 0, rows: 0 });
}

/** Exchanges the names. */
export function swapInner(context: ViewContext): Promise<void> {
  return behindGate(context, (gate) => exchange(context, gate));
}

/** Drops the old view. */
export async function dropOld(context: ViewContext, inner: Inner): Promise<void> {
  await requireSubscribed(context.runner, context.to);
  await dropOther(context, inner.view);
  await uncoverNew(context, inner.view);
}

/** The new view's inner table is created with the view, and its name depends on it; no row reaches it while the gate is closed. */
async function coverNew({ names, runner, to }: ViewContext): Promise<void> {
  const made = to.to === undefined ? await uuidOf(runner, names.other) : undefined;
  if (made !== undefined) await cover(runner, innerTable(to.database, made));
}

/**
 * Keeps the new inner table hidden if some users may see only part of the old one: their restrictions are bound to the old table's name.
 */
async function uncoverNew(context: ViewContext, old: string): Promise<void> {
  const { names, runner, to } = context;
  await uncover(runner, names.other);
  if (to.to !== undefined || (await isRestricted(runner, innerTable(to.database, old)))) return;
  await uncover(runner, context.target);
}

async function prepareSnapshot(context: ViewContext, { linked, view }: Inner): Promise<void> {
  const { names, runner, to } = context;
  await context.drop(names.snapshot);
  await cover(runner, names.other);
  if (!linked) return;
  await cover(runner, names.snapshot);
  await runner.run(`CREATE TABLE ${qualifiedName(names.snapshot)} AS ${qualifiedName(innerTable(to.database, view))}`);
}

/** The new view's existence shows that the cut was made, not the journal: its CREATE is the last statement. */
async function cut(context: ViewContext, { linked, view }: Inner, gate: Gate): Promise<boolean> {
  const { journal, names, runner, to } = context;
  if (linked) {
    const snapshot = qualifiedName(names.snapshot);
    await runner.run(`TRUNCATE TABLE ${snapshot} SETTINGS max_table_size_to_drop = 0`);
    await attachAll(runner, names.snapshot, innerTable(to.database, view));
  }
  await journal.assertOwner();
  if (!(await hasTime(context, gate))) return false;
  await runner.create({ ...to, ...names.other });
  await coverNew(context);
  return true;
}

async function exchange(context: ViewContext, gate: Gate): Promise<boolean> {
  const { journal, names, runner } = context;
  await journal.assertOwner();
  if (!(await hasTime(context, gate))) return false;
  await runner.run(`EXCHANGE TABLES ${qualifiedName(names.view)} AND ${qualifiedName(names.other)}`);
  return true;
}

/**
 * Drops the view under the helper's name, with its inner table, if it is the expected one. The engine drops the inner table first, and an
 * insert at that moment would fail; so the view is first pointed at a table that nobody writes to, and earlier inserts are awaited. No
 * insert is refused.
 */
export async function dropOther(context: ViewContext, uuid: string): Promise<void> {
  const { names, runner } = context;
  if ((await uuidOf(runner, names.other)) === uuid) {
    const [idle, other] = [qualifiedName(names.idle), qualifiedName(names.other)];
    await context.drop(names.idle);
    const inner = qualifiedName(innerTable(names.other.database, uuid));
    await runner.run(`CREATE TABLE ${idle} ENGINE = Null EMPTY AS SELECT * FROM ${inner}`);
    await runner.run(`ALTER TABLE ${other} MODIFY QUERY SELECT * FROM ${idle}`);
    await awaitInserts(runner, { patience: Number.POSITIVE_INFINITY, closed: await runner.now() });
    await context.journal.assertOwner();
    await runner.run(`DROP VIEW IF EXISTS ${other} SETTINGS max_table_size_to_drop = 0`);
  }
  await context.drop(names.idle);
}

/** Drops what the copy was made with, and keeps the snapshot, if it has rows, under another name. */
export async function retireInner(context: ViewContext, { carry: carried }: Inner): Promise<ViewDone> {
  const { names, plan, runner } = context;
  if (carried !== undefined) await dropChunks(context);
  const rows = carriedRows(context);
  if ((await uuidOf(runner, names.snapshot)) !== undefined) {
    if ((await partsOf(runner, names.snapshot)).length === 0) {
      await context.drop(names.snapshot);
      return { rows };
    }
    await runner.run(`SYSTEM START MERGES ${qualifiedName(names.snapshot)}`);
    await renameHelper(runner, names.snapshot, names.retired);
  }
  const uuid = await uuidOf(runner, names.retired);
  if (uuid === undefined) return { rows };
  const keepUntil = Math.ceil((await runner.now()) / 1000) + plan.keepOld;
  return { rows, retired: names.retired.name, uuid, keepUntil };
}
