import { uuidOf } from "../../clickhouse/catalog";
import type { Connection } from "../../connection/connection";
import { start } from "../../operation/engine";
import { guardRows } from "../../operation/guard";
import { insertGraphAround } from "../../operation/insert-graph";
import type { Journal } from "../../operation/journal";
import type { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import { parseTable, type RebuildPlan } from "./context";
import { DEFAULT_KEEP, type RebuildOptions, type RebuildResult } from "./options";
import { REBUILD } from "./protocol";
import {
  isGated,
  refuseLive,
  refuseMissing,
  refuseOthers,
  refuseRebuildRights,
  refuseSpecs,
  refuseViews,
} from "./refusals";
import { selfTest } from "./self-test";
import { requireSpace } from "./space";

/**
 * Gives a table another key, partitioning or engine and keeps its rows, while clients continue to write. Called again with the same
 * operation, it resumes.
 *
 * @throws {SchemaError} when it is refused, before anything is changed; or when a problem is found later, with what to do.
 */
export async function rebuildTable(connection: Connection, options: RebuildOptions): Promise<RebuildResult> {
  const [from, to] = [parseTable(options.from), parseTable(options.to)];
  refuseSpecs(from, to, options.allow, options.renamed);
  return start(REBUILD, connection, {
    ...{ database: to.database, operation: options.operation, hooks: options, label: qualifiedName(to) },
    isWanted: (plan) => plan.from === options.from && plan.to === options.to,
    plan: (runner, openJournal) => planRebuild(runner, openJournal, options),
  });
}

async function planRebuild(
  runner: Runner,
  openJournal: () => Promise<Journal>,
  options: RebuildOptions,
): Promise<RebuildPlan> {
  const { renamed = {}, allow = [], mode = "online", keepOld = DEFAULT_KEEP } = options;
  const [from, to] = [parseTable(options.from), parseTable(options.to)];
  await refuseOthers(runner, to);
  refuseMissing(from, await uuidOf(runner, from));
  await refuseLive(runner, from, allow);
  const views = await insertGraphAround(runner, from);
  const gated = isGated(from, to, views, mode);
  await refuseViews(runner, from, views, gated, allow);
  await refuseRebuildRights(runner, from, to, views, gated);
  await requireSpace(runner, to, options.spaceFactor);
  await selfTest(runner.connection, to.database, options);
  await guardRows(runner, await openJournal(), [from]);
  const startedAt = await runner.now();
  return { kind: "rebuild", from: options.from, to: options.to, keepOld, mode, renamed, allow, startedAt };
}
