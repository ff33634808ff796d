import { uuidOf } from "../../clickhouse/catalog";
import type { Connection } from "../../connection/connection";
import { SchemaError } from "../../errors";
import { proceed } from "../../operation/good-order";
import { guardRows } from "../../operation/guard";
import { shadowStatement } from "../../operation/helper-definitions";
import { insertGraphAround } from "../../operation/insert-graph";
import { Journal } from "../../operation/journal";
import { helperNames } from "../../operation/names";
import { attachLeftover, awaitOpenReaders } from "../../operation/open-readers";
import { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import { mapColumns } from "./columns";
import { Context, type Plan, parseTable } from "./context";
import { copyAndExchange } from "./exchange";
import { undoRebuild } from "./operations";
import { DEFAULT_KEEP, type RebuildHooks, type RebuildOptions, type RebuildResult } from "./options";
import { resultOf, retire } from "./put-aside";
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
import { settle } from "./settle";
import { requireSpace } from "./space";

/**
 * Gives a table another key, partitioning or engine and keeps its rows, while clients continue to write. Called again with the same
 * operation, it resumes.
 *
 * @throws {SchemaError} when it is refused, before anything is changed; or when a problem is found later, with what to do.
 */
export async function rebuildTable(connection: Connection, options: RebuildOptions): Promise<RebuildResult> {
  const [from, to] = [parseTable(options.from), parseTable(options.to)];
  refuseSpecs(from, to, options.operation, options.allow, options.renamed);
  const runner = new Runner(connection, options.operation, options);
  const journal = await Journal.open(runner, to.database);
  const plan = journal.get<Plan>("plan");
  if (plan === undefined) await begin(runner, journal, options);
  else if (plan.from !== options.from || plan.to !== options.to) {
    throw new SchemaError(
      "operation-exists",
      `${qualifiedName(to)}: operation ${options.operation} exists and does something else. Resume or abort it, or take another name.`,
    );
  }
  return goOn(new Context(runner, journal, options));
}

/** Resumes an interrupted rebuild, on this machine or any other. */
export async function resumeRebuild(
  connection: Connection,
  operation: { readonly database: string; readonly operation: string },
  hooks: RebuildHooks = {},
): Promise<RebuildResult> {
  const runner = new Runner(connection, operation.operation, hooks);
  const journal = await Journal.ofOperation(runner, operation.database);
  return goOn(new Context(runner, journal, hooks));
}

async function begin(runner: Runner, journal: Journal, options: RebuildOptions): Promise<void> {
  const { connection } = runner;
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
  await selfTest(connection, to.database, options);
  await guardRows(runner, journal, [from]);
  const startedAt = await runner.now();
  const plan: Plan = { kind: "rebuild", from: options.from, to: options.to, keepOld, mode, renamed, allow, startedAt };
  await journal.set("plan", plan);
}

async function goOn(context: Context): Promise<RebuildResult> {
  const { journal, runner } = context;
  const undo = (): Promise<void> => undoRebuild(context);
  await proceed({ runner, journal, ends: "done", undo, opened: () => context.gateIs(false) }, async () => {
    await prepare(context);
    if (!(await context.isSwapped())) await copyAndExchange(context);
    await settle(context);
    await retire(context);
  });
  return resultOf(context);
}

/** Creates the new storage, empty, and maps the columns. */
async function prepare(context: Context): Promise<void> {
  const { journal, names, plan, runner, to } = context;
  context.enter("prepare");
  if (journal.has("new")) return;
  if (journal.has("old")) await attachLeftover(runner, names.shadow);
  else await journal.set("old", await uuidOf(runner, names.table));
  const { shadow, table } = helperNames(to, runner.operation);
  await context.create(shadow, shadowStatement(to, shadow));
  // Required after the exchange, so it is tried while nothing depends on it yet.
  await awaitOpenReaders(runner, shadow);
  await journal.set("columns", await mapColumns(runner, table, shadow, plan.renamed));
  await journal.set("new", await uuidOf(runner, shadow));
}
