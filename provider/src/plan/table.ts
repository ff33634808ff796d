import type { Change, ColumnChange, ElementChange, StorageChange } from "../diff/changes";
import { namesIn } from "../diff/text";
import { qualifiedName } from "../sql/identifiers";
import type { TableSpec } from "../sql/spec";
import { type Command, mergeAlters, PHASE, type Phase } from "./alter";
import { modifyComment } from "./column-text";
import { addColumn, type ColumnContext, dropColumns, renameColumn } from "./columns";
import { orderDefaults } from "./default-order";
import { addElement, addProjection, dropElement, dropProjection } from "./elements";
import { holdsRows, isReplicated } from "./engines";
import { hazard, NO_PART } from "./hazards";
import { indexesInTheWay, NO_COLUMNS, NO_NAMES, statisticsInTheWay, withIndexes } from "./in-the-way";
import { planMaterialize } from "./materialize";
import { modifyColumn } from "./modify-column";
import type { PlanOptions, Step } from "./plan";
import { rebuildReasons } from "./reasons";
import { planRebuild } from "./rebuild";
import { classifyRetype } from "./retype";
import { type Outcome, planStorageChange } from "./storage";

/** The changes of one table, by what they are about. */
export interface Sorted {
  readonly columns: readonly ColumnChange[];
  readonly elements: readonly ElementChange[];
  readonly storage: readonly StorageChange[];
  readonly comment?: Extract<Change, { kind: "comment" }>;
  readonly engine?: Extract<Change, { kind: "engine" }>;
}

/** One ALTER where the engine can, a rebuild where it cannot. */
export function planTable(from: TableSpec, to: TableSpec, changes: readonly Change[], options: PlanOptions): Step[] {
  const found = sortChanges(changes);
  const underIndex = options.server?.alterUnderIndex === false ? indexesInTheWay(from, found.columns) : NO_NAMES;
  const underStatistics =
    options.server?.alterUnderStatistics === false ? statisticsInTheWay(from, found.columns) : NO_COLUMNS;
  const sorted = withIndexes(found, from, to, underIndex);
  const table = qualifiedName(to);
  const phase = columnPhase(sorted.columns);
  const rounds = orderDefaults(from, to, sorted.columns);
  const materialize = options.materialize ?? false;
  const addsProjection = sorted.elements.some(({ kind, to: wanted }) => kind === "projection" && wanted);
  const storage = { table, to, phase, materialize, addsProjection };
  const outcomes = sorted.storage.map((change) => planStorageChange(change, storage));
  const commands = [
    ...planBefore(from, sorted, table, underIndex),
    ...planColumns(sorted.columns, {
      table,
      from,
      to,
      phase,
      materialize,
      rounds,
      underStatistics,
      oldNames: oldNamesOf(sorted),
    }),
    ...outcomes.flatMap((outcome) => ("commands" in outcome ? outcome.commands : [])),
    ...planAfter(from, to, sorted, { table, phase, materialize }),
  ];
  // What another engine brings with it is no reason of its own.
  const reasons = [...rebuildReasons(sorted, to), ...(sorted.engine ? [] : outcomes.flatMap(reasonOf))];
  if (reasons.length > 0) return [planRebuild({ from, to, columns: sorted.columns, reasons, commands })];
  const hasRows = holdsRows(from.storage.engine);
  const isAlone = isReplicated(from.storage.engine) && options.isReplicated === false;
  const told = isAlone ? tellOfOthers(commands, table) : commands;
  const statements = mergeAlters(table, hasRows ? told : told.map(withoutRows), { ...options, untouched: NO_PART });
  return materialize ? [...statements, ...planMaterialize(to, sorted)] : statements;
}

/** The commands on one of several replicas that no Replicated database keeps alike. Measured on 25.8. */
function tellOfOthers(commands: readonly Command[], table: string): Command[] {
  const message =
    `only this server gets it: replicas of ${table} share columns and rows, not settings and comments. Run the statement on the others as ` +
    "well; in a Replicated database the server does it";
  const isShared = commands.some(({ own }) => own === undefined);
  return commands.map((command) => {
    // In one ALTER with a change that is shared, a column's comment is shared as well.
    if (command.own === undefined || (command.own === "COMMENT COLUMN" && isShared)) return command;
    return { ...command, hazards: [...(command.hazards ?? []), hazard("metadata-only", message)] };
  });
}

function oldNamesOf({ columns }: Sorted): ReadonlyMap<string, string> {
  return new Map(columns.flatMap((change) => (change.kind === "column-renamed" ? [[change.to, change.from]] : [])));
}

/** The command on a table without rows: nothing to lose, to rewrite or to fail on. */
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
      case "query":
      case "security":
      case "view-columns":
      case "database-settings":
      case "target":
      case "refresh":
      case "inner-table":
        throw new Error(`A table has no ${change.kind}`);
      default:
        unreachable(change);
    }
  }
  return { columns, elements, storage, ...rest };
}

/** The engine does not rename a column and change it in one ALTER; then all that changes columns comes in a second one. */
function columnPhase(changes: readonly ColumnChange[]): Phase {
  const renamed = new Set(changes.flatMap((change) => (change.kind === "column-renamed" ? [change.to] : [])));
  const isTouched = changes.some((change) => "name" in change && renamed.has(change.name));
  return isTouched ? PHASE.renamed : PHASE.main;
}

/** What has to be out of the way before columns change. */
function planBefore(
  from: TableSpec,
  { columns, elements }: Sorted,
  table: string,
  underIndex: ReadonlySet<string>,
): Command[] {
  const renamed = new Set(columns.flatMap((change) => (change.kind === "column-renamed" ? [change.from] : [])));
  const isRenamed = (body: string): boolean => renamed.size > 0 && [...namesIn(body)].some((name) => renamed.has(name));
  const drops = elements.flatMap((change): Command[] => {
    const isFirst =
      (change.kind === "projection" && change.from !== undefined && isRenamed(change.from.body)) ||
      (change.kind === "index" && change.from !== undefined && underIndex.has(change.from.name));
    return dropElement(change, table).map((command) => (isFirst ? { ...command, phase: PHASE.before } : command));
  });
  const inTheWay = blockedProjections(from, columns, elements).map((projection): Command => {
    const phase = isRenamed(projection.body) ? PHASE.before : PHASE.main;
    return { ...dropProjection(projection.name, table), phase };
  });
  return [...drops, ...inTheWay];
}

/** Projections that do not change themselves, but read a column that cannot change under them. */
function blockedProjections(from: TableSpec, columns: readonly ColumnChange[], elements: readonly ElementChange[]) {
  const blocked = new Set(
    columns.flatMap((change) => {
      if (change.kind === "column-renamed") return [change.from];
      const rewrites = change.kind === "column-retyped" && !classifyRetype(change.from, change.to).metadataOnly;
      return rewrites ? [change.name] : [];
    }),
  );
  if (blocked.size === 0) return [];
  const changed = new Set(elements.flatMap(({ kind, from: old }) => (kind === "projection" && old ? [old.name] : [])));
  return from.projections.filter(
    ({ name, body }) => !changed.has(name) && [...namesIn(body)].some((word) => blocked.has(word)),
  );
}

function planColumns(changes: readonly ColumnChange[], context: ColumnContext): Command[] {
  const drops = changes.filter((change) => change.kind === "column-dropped");
  const renames = changes.filter((change) => change.kind === "column-renamed");
  const byName = new Map<string, ColumnChange[]>();
  for (const change of changes) {
    if (change.kind === "column-dropped" || change.kind === "column-renamed") continue;
    const name = change.kind === "column-added" ? change.column.name : change.name;
    byName.set(name, [...(byName.get(name) ?? []), change]);
  }
  // In the order of the declaration: each is put behind the one before it, which has its place by then.
  const rest = context.to.columns.flatMap((column) => {
    const ofColumn = byName.get(column.name) ?? [];
    const [first] = ofColumn;
    return first?.kind === "column-added" ? addColumn(first, context) : modifyColumn(column, ofColumn, context);
  });
  return [...dropColumns(drops, context), ...renames.map((rename) => renameColumn(rename, context)), ...rest];
}

/** What can come when the columns stand. */
function planAfter(
  from: TableSpec,
  to: TableSpec,
  { columns, elements, comment }: Sorted,
  context: { table: string; phase: Phase; materialize: boolean },
): Command[] {
  const blocked = new Set(blockedProjections(from, columns, elements).map(({ name }) => name));
  return [
    ...elements.flatMap((change) => addElement(change, context)),
    ...to.projections.filter(({ name }) => blocked.has(name)).map((projection) => addProjection(projection, context)),
    ...(comment ? [{ ...modifyComment(comment.to), phase: context.phase }] : []),
  ];
}

function reasonOf(outcome: Outcome): string[] {
  return "reason" in outcome ? [outcome.reason] : [];
}

function unreachable(change: never): never {
  throw new Error(`No plan for ${JSON.stringify(change)}`);
}
