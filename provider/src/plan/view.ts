import type { Change } from "../diff/changes";
import { qualifiedName } from "../sql/identifiers";
import { renderCreate } from "../sql/render";
import { renderSecurity } from "../sql/render/clauses";
import type { ColumnSpec, SecuritySpec, ViewSpec } from "../sql/spec";
import { type Command, mergeAlters } from "./alter";
import { commentColumn, modifyComment } from "./column-text";
import { gather, hazard } from "./hazards";
import type { Hazard, PlanOptions, Statement } from "./plan";

/** CREATE OR REPLACE for another query, ALTER for everything else. */
export function planView(from: ViewSpec, to: ViewSpec, changes: readonly Change[], options: PlanOptions): Statement[] {
  const commands: Command[] = [];
  let replace = false;
  for (const change of changes) {
    switch (change.kind) {
      case "renamed":
        break;
      case "query":
      case "view-columns":
        replace = true;
        break;
      case "comment":
        commands.push(modifyComment(change.to));
        break;
      case "column-comment":
        commands.push(commentColumn(change.name, change.to));
        break;
      case "security":
        commands.push(modifySecurity(to.security));
        break;
      default:
        throw new Error(`A view has no ${change.kind}`);
    }
  }
  if (!replace) return mergeAlters(qualifiedName(to), commands, options);
  const sql = renderCreate(to, options.server).replace(/^CREATE VIEW/, "CREATE OR REPLACE VIEW");
  return [Object.freeze({ kind: "statement" as const, sql, hazards: gather(outputHazards(from, to)) })];
}

/** `MODIFY DEFINER = u SQL SECURITY DEFINER`. */
export function modifySecurity(security: SecuritySpec | undefined): Command {
  return { sql: `MODIFY ${renderSecurity(security).trim()}` };
}

/** Columns that readers use and that are gone or have another type. */
export function outputHazards(
  from: { readonly name: string; readonly columns: readonly ColumnSpec[] },
  to: { readonly columns: readonly ColumnSpec[] },
): Hazard[] {
  if (from.columns.length === 0 || to.columns.length === 0) return [];
  const now = new Map(to.columns.map(({ name, type }) => [name, type]));
  return from.columns.flatMap(({ name, type }) => {
    if (!now.has(name)) return [hazard("breaks-reader", `what reads ${name} from ${from.name} fails from now on`)];
    if (now.get(name) === type) return [];
    return [hazard("breaks-reader", `${name} of ${from.name} is ${now.get(name)} from now on, it was ${type}`)];
  });
}
