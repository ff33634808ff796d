import { qualifiedName } from "../sql/identifiers";
import { renderElements } from "../sql/render/columns";
import { renderStorage } from "../sql/render/storage";
import type { MaterializedViewSpec } from "../sql/spec";
import { type Change, pair } from "./changes";
import { diffSecurity, diffViewColumns } from "./view";

/** All differences between two materialized views, except names and comments. */
export function diffMaterializedView(from: MaterializedViewSpec, to: MaterializedViewSpec): Change[] {
  const changes: Change[] = [];
  if (targetOf(from) !== targetOf(to)) changes.push({ kind: "target", ...pair(from.to, to.to) });
  if (from.refresh !== to.refresh) changes.push({ kind: "refresh", ...pair(from.refresh, to.refresh) });
  if (from.query !== to.query) changes.push({ kind: "query", from: from.query, to: to.query });
  if (!from.to && !to.to && innerOf(from) !== innerOf(to)) changes.push({ kind: "inner-table", from, to });
  changes.push(...diffViewColumns(from.columns, to.columns), ...diffSecurity(from.security, to.security));
  return changes.map((change) => Object.freeze(change));
}

function targetOf({ to }: MaterializedViewSpec): string {
  return to === undefined ? "" : qualifiedName(to);
}

/** The inner table without its comments, which can be changed in place. */
function innerOf(view: MaterializedViewSpec): string {
  const columns = view.columns.map(({ comment: _, ...column }) => column);
  return `${renderElements({ ...view, columns })}${view.storage ? renderStorage(view.storage) : ""}`;
}
