import { mergeTreeSettings, readTable } from "../../clickhouse/catalog";
import { isMergeTreeFamily } from "../../clickhouse/engines";
import { engineOf } from "../../clickhouse/merge-tree";
import { SchemaError } from "../../errors";
import { findConflict, listActive } from "../../operation/conflicts";
import { refuseFiltered } from "../../operation/guard";
import { LENIENT } from "../../operation/helper-definitions";
import { partsOf } from "../../operation/parts";
import { Problems } from "../../operation/problems";
import { unfinished } from "../../operation/refusals";
import { liveView } from "../../operation/replace-view";
import type { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import { keyOf, objectKey } from "../../sql/object-key";
import { renderCreate } from "../../sql/render";
import type { MaterializedViewSpec, QualifiedName, TableSpec } from "../../sql/spec";
import { parseTable } from "../rebuild/context";
import { DEFAULT_KEEP } from "../rebuild/options";
import { liveTable } from "../views/carry";
import { type BackfillPlan, backfillNames, type PlannedView, parseView } from "./context";
import { snapshotStatement } from "./definitions";
import { refuseDependentViews } from "./dependent-views";
import { gateTables } from "./gate";
import { insertTimes } from "./insert-time";
import { findUnfinished } from "./journals";
import type { BackfillLimits, RefillOptions } from "./options";
import { sourceOf } from "./query";
import {
  refuseBackfillRights,
  refuseBuffers,
  refuseOutputs,
  refuseSource,
  refuseSpecs,
  refuseTarget,
  refuseWriters,
} from "./refusals";
import { refuseSpace } from "./space";
import { sinceCondition } from "./time";

/** What is requested. */
export interface BackfillRequest {
  readonly mode: BackfillPlan["mode"];
  /** CREATE statements of the views, all with the same target. */
  readonly statements: readonly string[];
  readonly options: RefillOptions;
  /** Preview only: unfinished creations on the same target do not block, because they are finished before another begins. */
  readonly preview?: boolean;
}

/** The tables that an operation reads. */
export interface Examined {
  readonly plan: BackfillPlan;
  readonly target: TableSpec;
  readonly sources: readonly TableSpec[];
}

/**
 * Checks everything before anything is changed.
 *
 * @throws {SchemaError} when an obstacle is found.
 */
export async function preflight(runner: Runner, wanted: BackfillRequest): Promise<Examined> {
  const { mode, options, statements } = wanted;
  const { allow = [], keepOld = DEFAULT_KEEP } = options;
  const specs = statements.map(parseView);
  const name = refuseSpecs(specs, options);
  for (const spec of specs) await refuseExistence(runner, spec, mode);
  const target = await liveTable({ runner }, name);
  const isEmpty = (await partsOf(runner, name)).length === 0;
  const tables = await Promise.all(specs.map((spec) => sourceTable(runner, spec, mode)));
  await refuseStanding(runner, specs, name, tables, wanted);
  const problems = new Problems();
  await problems.of(() => refuseTarget(runner, target, mode, isEmpty, allow));
  await problems.of(() => refuseDependentViews(runner, name, mode));
  for (const [index, table] of tables.entries()) {
    const reading = { mode, isEmpty, allow, from: options.from };
    await problems.of(() => refuseSource(runner, specs[index] ?? name, table, reading));
  }
  await problems.of(() => refuseBackfillRights(runner, mode, specs, name, tables));
  if (mode === "refill") await problems.of(() => refuseWriters(runner, specs, name));
  const { insertTime } = options;
  const byTime =
    mode === "create"
      ? await problems.of(() => insertTimes(runner, specs, tables, name, isEmpty, insertTime))
      : undefined;
  // Also checked for a cut by time, because of Buffer tables that write in the background.
  const closed = mode === "refill" ? [...tables, name] : tables;
  const around = (await problems.of(() => gateTables(runner, closed, allow))) ?? [];
  if (!allow.includes("unproven")) await problems.of(() => refuseBuffers(runner, around));
  const names = backfillNames(name, runner.operation);
  const views: PlannedView[] = [];
  for (const [index, spec] of specs.entries()) {
    const [table, time] = [tables[index], byTime?.[index]];
    if (table === undefined) continue;
    const columns = (await problems.of(() => refuseOutputs(runner, spec, target))) ?? [];
    const snapshot = snapshotStatement(table, names.snapshot(index), sourceOf(spec).final);
    views.push({ statement: renderCreate(spec), snapshot, columns, ...(time !== undefined && { byTime: time }) });
  }
  const since = await problems.of(() => sinceCondition(target, options));
  await problems.of(() => refuseFiltered(runner, [...tables, target]));
  // What it samples must be readable.
  problems.refuse();
  await refuseSpace(runner, { specs, tables, target, views }, options.spaceFactor);
  const text = renderCreate(target);
  const plan: BackfillPlan = {
    ...{ kind: "backfill", mode, views, from: text, to: text, limits: limitsOf(options), keepOld, allow },
    ...(since !== undefined && { since }),
    ...((await needsLenience(runner, target)) && { lenient: true }),
    startedAt: await runner.now(),
  };
  return { plan, target, sources: tables };
}

function limitsOf({ chunk, from, maxMemory, maxThreads, timeColumn }: BackfillLimits): BackfillLimits {
  return {
    ...(from !== undefined && { from }),
    ...(timeColumn !== undefined && { timeColumn }),
    ...(chunk !== undefined && { chunk }),
    ...(maxMemory !== undefined && { maxMemory }),
    ...(maxThreads !== undefined && { maxThreads }),
  };
}

async function refuseExistence(runner: Runner, spec: MaterializedViewSpec, mode: BackfillPlan["mode"]): Promise<void> {
  const live = await liveView(runner, spec);
  if (mode === "refill" || live === undefined) return;
  throw new SchemaError(
    "name-taken",
    `${qualifiedName(spec)}: exists, so it is not created. To fill its target with what the source held before it, run ` +
      `\`clickhouse-schema backfill --view ${qualifiedName(spec)}\`.`,
  );
}

async function sourceTable(runner: Runner, spec: MaterializedViewSpec, mode: BackfillPlan["mode"]): Promise<TableSpec> {
  const source = sourceOf(spec);
  const row = await readTable(runner, source);
  if (row === undefined) {
    throw new SchemaError(
      "object-missing",
      `${qualifiedName(spec)}: its source ${qualifiedName(source)} does not exist. Create it first.`,
    );
  }
  if (!isMergeTreeFamily(row.engine)) throw noSnapshot(spec, source, row.engine, mode);
  return liveTable({ runner }, source);
}

function noSnapshot(
  view: QualifiedName,
  source: QualifiedName,
  engine: string,
  mode: BackfillPlan["mode"],
): SchemaError {
  const [why, next] = whyNoSnapshot(engine, mode === "refill");
  return new SchemaError(
    "change-unsupported",
    `${qualifiedName(view)}: ${qualifiedName(source)} has the engine ${engine}: ${why}, so its history is not backfilled. ${next}`,
  );
}

/** Why rows of such a source cannot be backfilled, and what to do instead. */
function whyNoSnapshot(engine: string, viewExists: boolean): readonly [string, string] {
  if (/^(?:Kafka|RabbitMQ|NATS|\w+Queue|FileLog|Null)$/.test(engine)) {
    const kept = "what the source has passed on is only in the targets of its views.";
    const next = viewExists ? `Nothing can be computed again; ${kept}` : `Create the view without a backfill; ${kept}`;
    return ["it keeps no rows", next];
  }
  if (engine === "Distributed")
    return ["its rows are in the tables behind it", "Run the backfill on each server, with a view on the local table."];
  if (engine === "Buffer")
    return ["a part of its rows is in memory only", "Let the view read the table that it is flushed into."];
  if (engine === "View" || engine === "MaterializedView")
    return ["it is a view", "Let the view read the table that holds the rows."];
  return [
    "no snapshot can be made of its rows",
    viewExists
      ? "If the source has all rows that the target was made of, stop its writers, TRUNCATE the target and fill it by INSERT … SELECT."
      : "Create the view without a backfill, and fill its target by INSERT … SELECT while nobody writes.",
  ];
}

/** Other backfills block this one only if they write to its target or to one of its sources. */
async function refuseStanding(
  runner: Runner,
  views: readonly QualifiedName[],
  target: QualifiedName,
  sources: readonly QualifiedName[],
  { mode, preview = false }: BackfillRequest,
): Promise<void> {
  const own = [target, ...sources].map(qualifiedName);
  const known = await findUnfinished(runner.connection);
  const backfill = known.find((one) => {
    const isFinished = preview && mode === "create" && one.plan.mode === "create" && !one.aborting;
    return own.includes(one.target) && !isFinished;
  });
  const label = qualifiedName(target);
  if (backfill !== undefined) {
    throw unfinished(label, { ...backfill, kind: "backfill", changes: new Set([keyOf(parseTable(backfill.plan.to))]) });
  }
  const readable = new Set(known.map(({ operation }) => operation));
  const keys = [target, ...sources].map(({ database, name }) => objectKey(database, name));
  const strange = (await listActive(runner)).find(
    ({ changes, kind, operation }) =>
      kind === "backfill" && !readable.has(operation) && keys.some((key) => changes.has(key)),
  );
  if (strange !== undefined) throw unfinished(label, { ...strange, kind: "backfill by another version" });
  const toViews = mode === "refill";
  const other = await findConflict(runner, [...views, target, ...sources], { toViews, but: ["backfill"] });
  if (other !== undefined) throw unfinished(label, other);
}

/** Whether creating a copy of a table might fail because of columns that an ALTER added; older servers have no such check. */
async function needsLenience(runner: Runner, { storage }: TableSpec): Promise<boolean> {
  if (engineOf(storage).base === "MergeTree" || storage.settings.some(({ name }) => name === LENIENT)) return false;
  return (await mergeTreeSettings(runner, [LENIENT])).has(LENIENT);
}
