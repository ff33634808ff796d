import { holdsRows, isReplicated } from "../clickhouse/engines";
import type { Change, ColumnChange, ElementChange, StorageChange, TableChange } from "../diff/changes";
import { qualifiedName } from "../sql/identifiers";
import type { TableSpec } from "../sql/spec";
import { giveWay, isAliasOfRenamed } from "./alias-renames";
import { type Command, mergeAlters, PHASE, type Phase } from "./alter";
import { modifyComment } from "./column-text";
import { addColumn, type ColumnContext, dropColumns, renameColumn } from "./columns";
import { orderDefaults } from "./default-order";
import { addElement, addIndex, addProjection, dropAgain, dropElement, type ElementContext } from "./elements";
import { hazard, NO_PART } from "./hazards";
import { storeFirst } from "./in-memory";
import { NO_COLUMNS, statisticsInTheWay } from "./in-the-way";
import { builtIn, planMaterialize } from "./materialize";
import { modifyColumn } from "./modify-column";
import type { Hazard, PlanOptions, Step } from "./plan";
import { rebuildReasons } from "./reasons";
import { planRebuild } from "./rebuild";
import { findStale, type Stale } from "./stale";
import { type Outcome, planStorageChange } from "./storage";
import { recalculating } from "./ttl";
import { absentHazard, absentProbes } from "./younger";

/** The changes of one table, by subject. */
export interface Sorted {
  readonly columns: readonly ColumnChange[];
  readonly elements: readonly ElementChange[];
  readonly storage: readonly StorageChange[];
  readonly comment?: Extract<Change, { kind: "comment" }>;
  readonly engine?: Extract<Change, { kind: "engine" }>;
}

/** One ALTER if the engine can do it, otherwise a rebuild. */
export function planTable(from: TableSpec, to: TableSpec, changes: readonly Change[], options: PlanOptions): Step[] {
  const sorted = sortChanges(changes);
  const underStatistics =
    options.server?.alterUnderStatistics === false ? statisticsInTheWay(from, sorted.columns) : NO_COLUMNS;
  const table = qualifiedName(to);
  const phase = columnPhase(sorted.columns);
  const rounds = orderDefaults(from, to, sorted.columns);
  const materialize = options.materialize ?? false;
  const stale = findStale(from, to, sorted, options.server?.alterUnderIndex !== false);
  const built = builtIn(to, sorted, stale, materialize);
  const addsProjection = sorted.elements.some(({ kind, to: wanted }) => kind === "projection" && wanted);
  const storage = { table, to, phase, materialize, addsProjection };
  const outcomes = sorted.storage.map((change) => planStorageChange(change, storage));
  const absent = absentProbes(from, to, sorted.columns);
  const changed = new Set(sorted.columns.map((change) => ("name" in change ? change.name : undefined)));
  const ofDefaults = [...absent].flatMap(([name, probe]) => (changed.has(name) ? [] : [absentHazard(name, probe)]));
  const columns = withHazards(
    planColumns(sorted.columns, {
      table,
      from,
      to,
      phase,
      materialize,
      rounds,
      underStatistics,
      absent,
      oldNames: oldNamesOf(sorted),
    }),
    [...stale.hazards, ...ofDefaults],
  );
  // What is built from columns comes when all of them have changed.
  const last = Math.max(phase, ...columns.map(({ phase: own = PHASE.main }) => own));
  const { commands, restore } = recalculating(from, to, built.ttl, [
    ...planBefore(sorted, stale, table),
    ...columns,
    ...outcomes.flatMap((outcome) => ("commands" in outcome ? outcome.commands : [])),
    ...planAfter(sorted, stale, { table, phase: last, built }),
  ]);
  // Consequences of another engine are not separate reasons.
  const reasons = [
    ...rebuildReasons(sorted, to),
    ...stale.reasons,
    ...(sorted.engine ? [] : outcomes.flatMap(reasonOf)),
  ];
  if (reasons.length > 0) {
    const { onCluster = false } = options;
    return [planRebuild({ from, to, columns: sorted.columns, reasons, commands, onCluster })];
  }
  const hasRows = holdsRows(from.storage.engine);
  const isAlone = isReplicated(from.storage.engine) && options.isReplicated === false;
  const told = isAlone ? tellOfOthers(commands, table) : commands;
  const statements = mergeAlters(table, hasRows ? told : told.map(withoutRows), { ...options, untouched: NO_PART });
  return [
    ...storeFirst(from, to, sorted.columns),
    ...statements,
    ...planMaterialize(to, built),
    ...mergeAlters(table, restore, { untouched: NO_PART }),
  ];
}

/** The commands on one of several replicas that no Replicated database keeps in sync. Measured on 25.8. */
function tellOfOthers(commands: readonly Command[], table: string): Command[] {
  const message =
    `only this server gets it: replicas of ${table} share columns and rows, not settings and comments. Run the statement on the others as ` +
    "well; in a Replicated database the server does it";
  const isShared = commands.some(({ own }) => own === undefined);
  return commands.map((command) => {
    // In one ALTER with a replicated change, a column's comment is replicated as well.
    if (command.own === undefined || (command.own === "COMMENT COLUMN" && isShared)) return command;
    return { ...command, hazards: [...(command.hazards ?? []), hazard("metadata-only", message)] };
  });
}

function oldNamesOf({ columns }: Sorted): ReadonlyMap<string, string> {
  return new Map(columns.flatMap((change) => (change.kind === "column-renamed" ? [[change.to, change.from]] : [])));
}

/** The command on a table without rows: there is nothing to lose, rewrite or fail on. */
function withoutRows(command: Command): Command {
  const { hazards = [] } = command;
  return { ...command, hazards: hazards.filter(({ kind }) => kind === "metadata-only" || kind === "breaks-reader") };
}

function sortChanges(changes: readonly Change[]): Sorted {
  const columns: ColumnChange[] = [];
  const elements: ElementChange[] = [];
  const storage: StorageChange[] = [];
  let rest: Pick<Sorted, "comment" | "engine"> = {};
  for (const change of changes) {
    switch (change.kind) {
      case "column-added":
      case "column-dropped":
      case "column-renamed":
      case "column-retyped":
      case "column-moved":
      case "column-default":
      case "column-codec":
      case "column-ttl":
      case "column-comment":
      case "column-statistics":
      case "column-settings":
        columns.push(change);
        break;
      case "index":
      case "projection":
      case "constraint":
        elements.push(change);
        break;
      case "ttl":
      case "sample-by":
      case "partition-key":
      case "sorting-key":
      case "primary-key":
      case "setting":
      case "definition":
        storage.push(change);
        break;
      case "comment":
        rest = { ...rest, comment: change };
        break;
      case "engine":
        rest = { ...rest, engine: change };
        break;
      case "renamed":
        break;
      default:
        notOfTables(change.kind);
    }
  }
  return { columns, elements, storage, ...rest };
}

/** The engine cannot rename and change a column in one ALTER; all column changes then come in a second one. */
function columnPhase(changes: readonly ColumnChange[]): Phase {
  const renamed = new Set(changes.flatMap((change) => (change.kind === "column-renamed" ? [change.to] : [])));
  const isTouched = changes.some((change) => "name" in change && renamed.has(change.name));
  return isTouched ? PHASE.renamed : PHASE.main;
}

/** What has to be dropped before columns change. */
function planBefore({ elements }: Sorted, { early, indexes, projections }: Stale, table: string): Command[] {
  const drops = elements.flatMap((change) =>
    dropElement(change, table).map((command) => (early.has(change) ? { ...command, phase: PHASE.before } : command)),
  );
  return [
    ...drops,
    ...indexes.map(({ element }) => dropAgain("index", element.name, table)),
    ...projections.map(({ element }) => dropAgain("projection", element.name, table)),
  ];
}

function planColumns(changes: readonly ColumnChange[], context: ColumnContext): Command[] {
  const dropped = changes.filter((change) => change.kind === "column-dropped");
  const aliases = dropped.filter((change) => isAliasOfRenamed(change, changes));
  const drops = dropped.filter((change) => !aliases.includes(change));
  const renames = changes.filter((change) => change.kind === "column-renamed");
  const taken = new Set([...context.from.columns, ...context.to.columns].map(({ name }) => name));
  const byName = new Map<string, ColumnChange[]>();
  for (const change of changes) {
    if (change.kind === "column-dropped" || change.kind === "column-renamed") continue;
    const name = change.kind === "column-added" ? change.column.name : change.name;
    byName.set(name, [...(byName.get(name) ?? []), change]);
  }
  // In the order of the declaration: each is placed after the one before it, which is in place by then.
  const rest = context.to.columns.flatMap((column) => {
    const ofColumn = byName.get(column.name) ?? [];
    const [first] = ofColumn;
    return first?.kind === "column-added" ? addColumn(first, context) : modifyColumn(column, ofColumn, context);
  });
  return [
    ...dropColumns(drops, context),
    ...aliases.flatMap((alias) => giveWay(alias, taken)),
    ...renames.map((rename) => renameColumn(rename, context)),
    ...rest,
  ];
}

/** What can be added after all columns have changed. */
function planAfter({ elements, comment }: Sorted, stale: Stale, context: ElementContext): Command[] {
  return [
    ...elements.flatMap((change) => addElement(change, context)),
    ...stale.indexes.map(({ element }) => addIndex(element, context)),
    ...stale.projections.map(({ element }) => addProjection(element, context)),
    ...(comment ? [{ ...modifyComment(comment.to), phase: context.phase }] : []),
  ];
}

/** Hazards of objects that do not change themselves, reported with the first command. */
function withHazards(commands: readonly Command[], hazards: readonly Hazard[]): readonly Command[] {
  const [first, ...rest] = commands;
  if (first === undefined || hazards.length === 0) return commands;
  return [{ ...first, hazards: [...(first.hazards ?? []), ...hazards] }, ...rest];
}

function reasonOf(outcome: Outcome): string[] {
  return "reason" in outcome ? [outcome.reason] : [];
}

/** Changes of other kinds of objects. That those of tables are all sorted is seen by the type. */
function notOfTables(kind: Exclude<Change["kind"], TableChange["kind"] | "comment" | "engine" | "renamed">): never {
  throw new Error(`A table has no ${kind}`);
}
