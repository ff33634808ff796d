import { uuidOf } from "../../clickhouse/catalog";
import { resumeMerges } from "../../operation/fence";
import { renameHelper } from "../../operation/guard";
import { qualifiedName } from "../../sql/identifiers";
import type { RebuildContext } from "./context";
import { chunkIndexes } from "./coverage";
import { unchooseNumbers } from "./numbers";

/** The result of an operation: journal line `done`. */
export interface Done {
  readonly retired: string;
  /** UUID of the old table, so that no other table is dropped by mistake. */
  readonly uuid: string;
  readonly keepUntil: number;
  readonly rows: number;
  readonly gated: boolean;
}

/** Lets merges run again, drops the helpers, and renames the old table to its retired name. */
export async function retire(context: RebuildContext): Promise<Done> {
  const { from, journal, names, plan, runner, to } = context;
  context.enter("retire");
  await resumeMerges(runner, names.table, to.storage.settings);
  if (context.hasTtl) await runner.run(`SYSTEM START TTL MERGES ${qualifiedName(names.table)}`);
  const uuid = journal.need<string>("old");
  const old = (await uuidOf(runner, names.shadow)) === uuid;
  if (old) {
    await resumeMerges(runner, names.shadow, from.storage.settings);
    await unchooseNumbers(context, names.shadow);
  }
  await dropHelpers(context);
  if (old) await renameHelper(runner, names.shadow, names.retired);
  return {
    retired: names.retired.name,
    uuid,
    keepUntil: Math.ceil((await runner.now()) / 1000) + plan.keepOld,
    rows: journal.need<{ rows: number }>("verified").rows,
    gated: journal.has("gate"),
  };
}

/** Drops chunks and delta, including up to two chunks whose journal lines may be missing. */
export async function dropHelpers(context: RebuildContext): Promise<void> {
  const last = Math.max(-1, ...chunkIndexes(context)) + 2;
  for (let index = 0; index <= last; index += 1) await context.drop(context.names.chunk(index));
  await context.drop(context.names.delta);
}
