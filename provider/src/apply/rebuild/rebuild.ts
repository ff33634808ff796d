import type { Connection } from "../../connection/connection";
import { start } from "../../operation/engine";
import { guardRows } from "../../operation/guard";
import type { Journal } from "../../operation/journal";
import type { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import { rebuildOnCluster } from "../cluster-rebuild/rebuild";
import { parseTable, type RebuildPlan } from "./context";
import { examineRebuild } from "./examine";
import { DEFAULT_KEEP, type RebuildOptions, type RebuildResult } from "./options";
import { REBUILD } from "./protocol";
import { selfTest } from "./self-test";

/**
 * Gives a table another key, partitioning or engine and keeps its rows, while clients continue to write. Called again with the same
 * operation, it resumes.
 *
 * @throws {SchemaError} when it is refused, before anything is changed; or when a problem is found later, with what to do.
 */
export async function rebuildTable(connection: Connection, options: RebuildOptions): Promise<RebuildResult> {
  if (connection.cluster !== undefined) return rebuildOnCluster(connection, options);
  const to = parseTable(options.to);
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
  (await examineRebuild(runner, options)).problems.refuse();
  await selfTest(runner.connection, to.database, options);
  await guardRows(runner, await openJournal(), [from]);
  const startedAt = await runner.now();
  return { kind: "rebuild", from: options.from, to: options.to, keepOld, mode, renamed, allow, startedAt };
}
