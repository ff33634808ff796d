import { hasTtl } from "../../clickhouse/merge-tree";
import { attachAll } from "../../operation/attach";
import { stopMerges } from "../../operation/fence";
import { cover } from "../../operation/guard";
import { partsOf } from "../../operation/parts";
import type { Runner } from "../../operation/runner";
import { qualifiedName, quoteString } from "../../sql/identifiers";
import { renderCreate } from "../../sql/render";
import type { QualifiedName, TableSpec } from "../../sql/spec";
import type { BackfillContext } from "./context";
import { writersOf } from "./refusals";

/** Drops the views that the operation has created. */
export async function dropViews({ runner, views }: BackfillContext): Promise<void> {
  for (const { live } of views) await runner.run(`DROP VIEW IF EXISTS ${qualifiedName(live)} SYNC`);
}

/** Recreates the table of a snapshot, empty. */
export async function createSnapshot(context: BackfillContext, table: TableSpec): Promise<void> {
  await context.drop(table);
  await cover(context.runner, table);
  await context.runner.run(renderCreate(table));
  await stopMerges(context.runner, table);
}

/**
 * Links all current rows of a table by hard links. What the snapshot already has is kept: called before the gate and again behind it, the
 * second call spends time only on partitions that changed in between.
 */
export async function link({ runner }: BackfillContext, from: QualifiedName, snapshot: QualifiedName): Promise<void> {
  const [source, linked] = [await contentOf(runner, from), await contentOf(runner, snapshot)];
  const name = qualifiedName(snapshot);
  if (linked.size === 0) {
    if (source.size > 0) await attachAll(runner, snapshot, from);
    return;
  }
  for (const partition of new Set([...source.keys(), ...linked.keys()])) {
    if (source.get(partition) === linked.get(partition)) continue;
    const id = quoteString(partition);
    if (linked.has(partition)) {
      await runner.run(`ALTER TABLE ${name} DROP PARTITION ID ${id} SETTINGS max_partition_size_to_drop = 0`);
    }
    if (source.has(partition)) {
      await runner.run(`ALTER TABLE ${name} ATTACH PARTITION ID ${id} FROM ${qualifiedName(from)}`);
    }
  }
}

/** Hashes of the parts in each partition. */
async function contentOf(runner: Runner, table: QualifiedName): Promise<Map<string, string>> {
  const hashes = new Map<string, string[]>();
  for (const { hash, partition } of await partsOf(runner, table)) {
    hashes.set(partition, [...(hashes.get(partition) ?? []), hash]);
  }
  return new Map([...hashes].map(([partition, list]) => [partition, list.sort().join(" ")]));
}

/** Drops the tables that rows were computed in and from. */
export async function dropHelpers(context: BackfillContext): Promise<void> {
  const { names, views } = context;
  for (const table of [names.stage, names.rest, ...views.map(({ snapshotName }) => snapshotName)])
    await context.drop(table);
  if (context.isRefill) await context.drop(names.before);
}

/** Expired rows are removed later, in the target, like all others there: here the parts are identified by their content. */
export async function keepExpired({ layout, names, runner }: BackfillContext): Promise<void> {
  if (hasTtl(layout)) await runner.run(`SYSTEM STOP TTL MERGES ${qualifiedName(names.stage)}`);
}

/** Whether the target has only rows that the operation's own views have written: it was empty, and nobody else writes to it. */
export async function canEmpty({ journal, names, plan, runner, views }: BackfillContext): Promise<boolean> {
  const own = new Set(views.map(({ spec }) => qualifiedName(spec)));
  const others = (await writersOf(runner, names.target)).filter((view) => !own.has(qualifiedName(view)));
  const wasEmpty = journal.get<boolean>("empty") === true || plan.views.some(({ byTime }) => byTime !== undefined);
  return others.length === 0 && wasEmpty;
}
