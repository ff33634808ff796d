import type { ElementChange } from "../diff/changes";
import { quoteIdentifier } from "../sql/identifiers";
import { renderConstraint, renderIndex, renderProjection } from "../sql/render";
import type { IndexSpec, ProjectionSpec } from "../sql/spec";
import { type Command, PHASE, type Phase } from "./alter";
import { hazard, removalHazard } from "./hazards";
import type { Built } from "./materialize";

/** What the commands for indexes, projections and constraints need to know. */
export interface ElementContext {
  readonly table: string;
  readonly phase: Phase;
  /** What is built in old parts after the ALTER. */
  readonly built: Built;
}

/** What has to be dropped before columns change. */
export function dropElement({ kind, from }: ElementChange, table: string): Command[] {
  if (from === undefined) return [];
  return [
    kind === "constraint" ? { sql: `DROP CONSTRAINT ${quoteIdentifier(from.name)}` } : removal(kind, from.name, table),
  ];
}

/** DROP of an index or a projection only because it blocks a column's change. */
export function dropAgain(kind: "index" | "projection", name: string, table: string): Command {
  return { ...removal(kind, name, table), phase: PHASE.before };
}

function removal(kind: "index" | "projection", name: string, table: string): Command {
  const quoted = quoteIdentifier(name);
  const hazards = [removalHazard(`${kind} ${quoted}`, table)];
  return { sql: `DROP ${kind.toUpperCase()} ${quoted}`, hazards, mutation: true };
}

/** What can be added after columns have changed. */
export function addElement(change: ElementChange, context: ElementContext): Command[] {
  const { phase } = context;
  switch (change.kind) {
    case "index":
      return change.to === undefined ? [] : [addIndex(change.to, context)];
    case "projection":
      return change.to === undefined ? [] : [addProjection(change.to, context)];
    case "constraint": {
      if (change.to === undefined) return [];
      const { kind, expression } = change.to;
      const check = `SELECT count() FROM ${context.table} WHERE NOT (${expression})`;
      const message =
        kind === "CHECK"
          ? `inserts that violate ${expression} are refused; existing rows are not checked (count them: ${check})`
          : `the engine takes ${expression} for granted; where it is false, answers are wrong (count the rows: ${check})`;
      return [{ sql: `ADD ${renderConstraint(change.to)}`, hazards: [hazard("metadata-only", message)], phase }];
    }
    default:
      return unreachable(change);
  }
}

/** ADD INDEX, also for one that was only dropped for a column's change. */
export function addIndex(index: IndexSpec, context: ElementContext): Command {
  const { table, built, phase } = context;
  const build = `ALTER TABLE ${table} MATERIALIZE INDEX ${quoteIdentifier(index.name)}`;
  const message = `parts written before have no index ${index.name} until they merge; ${build} builds it`;
  const hazards = built.index.has(index.name) ? [] : [hazard("metadata-only", message)];
  return { sql: `ADD ${renderIndex(index)}`, hazards, phase };
}

/** ADD PROJECTION, also for one that was only dropped for a column's change. */
export function addProjection(projection: ProjectionSpec, context: ElementContext): Command {
  const { table, built, phase } = context;
  const build = `ALTER TABLE ${table} MATERIALIZE PROJECTION ${quoteIdentifier(projection.name)}`;
  const message =
    `parts written before have no projection ${projection.name}, get none by merging, and do not merge with parts that have it; ` +
    `${build} builds it`;
  const hazards = built.projection.has(projection.name) ? [] : [hazard("metadata-only", message)];
  return { sql: `ADD ${renderProjection(projection)}`, hazards, phase };
}

function unreachable(change: never): never {
  throw new Error(`No plan for ${JSON.stringify(change)}`);
}
