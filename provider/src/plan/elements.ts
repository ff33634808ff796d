import type { ElementChange } from "../diff/changes";
import { quoteIdentifier } from "../sql/identifiers";
import { renderConstraint, renderIndex, renderProjection } from "../sql/render";
import type { ProjectionSpec } from "../sql/spec";
import type { Command, Phase } from "./alter";
import { hazard, removalHazard } from "./hazards";

/** What the commands for indexes, projections and constraints need to know. */
export interface ElementContext {
  readonly table: string;
  readonly phase: Phase;
  readonly materialize: boolean;
}

/** What has to go before columns change. */
export function dropElement({ kind, from }: ElementChange, table: string): Command[] {
  if (from === undefined) return [];
  return [
    kind === "constraint" ? { sql: `DROP CONSTRAINT ${quoteIdentifier(from.name)}` } : removal(kind, from.name, table),
  ];
}

/** DROP PROJECTION, also of one that only has to get out of a column's way. */
export function dropProjection(name: string, table: string): Command {
  return removal("projection", name, table);
}

function removal(kind: "index" | "projection", name: string, table: string): Command {
  const quoted = quoteIdentifier(name);
  const hazards = [removalHazard(`${kind} ${quoted}`, table)];
  return { sql: `DROP ${kind.toUpperCase()} ${quoted}`, hazards, mutation: true };
}

/** What can come when they have. */
export function addElement(change: ElementChange, context: ElementContext): Command[] {
  const { phase } = context;
  switch (change.kind) {
    case "index": {
      if (change.to === undefined) return [];
      const hazards = notCovered("INDEX", change.to.name, context);
      return [{ sql: `ADD ${renderIndex(change.to)}`, hazards, phase }];
    }
    case "projection":
      return change.to === undefined ? [] : [addProjection(change.to, context)];
    case "constraint": {
      if (change.to === undefined) return [];
      const { kind, expression } = change.to;
      const check = `SELECT count() FROM ${context.table} WHERE NOT (${expression})`;
      const message =
        kind === "CHECK"
          ? `inserts that violate ${expression} are refused; rows that are there are not looked at (count them: ${check})`
          : `the engine takes ${expression} for granted; where it is false, answers are wrong (count the rows: ${check})`;
      return [{ sql: `ADD ${renderConstraint(change.to)}`, hazards: [hazard("metadata-only", message)], phase }];
    }
    default:
      return unreachable(change);
  }
}

/** ADD PROJECTION, also for one that only had to get out of a column's way. */
export function addProjection(projection: ProjectionSpec, context: ElementContext): Command {
  const hazards = notCovered("PROJECTION", projection.name, context);
  return { sql: `ADD ${renderProjection(projection)}`, hazards, phase: context.phase };
}

function notCovered(what: "INDEX" | "PROJECTION", name: string, { table, materialize }: ElementContext) {
  if (materialize) return [];
  const build = `ALTER TABLE ${table} MATERIALIZE ${what} ${quoteIdentifier(name)}`;
  const message = `parts written before have no ${what.toLowerCase()} ${name} until they merge; ${build} builds it`;
  return [hazard("metadata-only", message)];
}

function unreachable(change: never): never {
  throw new Error(`No plan for ${JSON.stringify(change)}`);
}
