import { takesConstraints } from "../../clickhouse/engines";
import { mentionedNames } from "../../lineage/mentions";
import type { UpstreamTable } from "../../operation/insert-graph";
import { except, notRefusable, refusesWhole, upstreamOf } from "../../operation/upstream";
import { qualifiedName, quoteString } from "../../sql/identifiers";
import { keyParts } from "../../sql/object-key";
import type { QualifiedName } from "../../sql/spec";
import type { ViewContext, ViewNames } from "./context";

/** A view about to be changed, with what is needed to find its sources. */
export interface Changing extends Pick<ViewContext, "from" | "to" | "inner" | "runner"> {
  readonly names: Pick<ViewNames, "view" | "other">;
  readonly allow: readonly string[];
}

/**
 * The tables to close so that no row is on its way to the view: everything that feeds the old and the new one, entry tables first.
 *
 * @throws {SchemaError} when inserts into one of them cannot be refused.
 */
export async function gateTables(context: Changing): Promise<QualifiedName[]> {
  const { allow, from, names, to } = context;
  const own = [names.view, names.other];
  // A new query may read other tables; and no inserts triggered the view if it was refreshable.
  const readsAnew = to.refresh === undefined && (from.refresh !== undefined || from.query !== to.query);
  const mentioned = readsAnew ? await mentionedTables(context) : [];
  const read = mentioned.filter(({ engine }) => takesConstraints(engine));
  const feeders = except(await upstreamOf(context.runner, [...own, ...read]), ...own);
  // A table that no view reads yet has no engine here; only tables that accept constraints were added.
  const closed = feeders.filter(({ engine }) => takesConstraints(engine) || engine === "");
  const targets = allow.includes("unproven") ? [] : behindOpenSources(context, feeders);
  return [...closed, ...targets].map(({ database, name }) => ({ database, name }));
}

/**
 * If a source accepts no constraint, the views' targets are closed instead, which refuses the insert before anything is stored.
 *
 * @throws {SchemaError} where rows would then be stored only part of the way.
 */
function behindOpenSources({ from, inner, names, to }: Changing, feeders: readonly UpstreamTable[]): QualifiedName[] {
  const targets: QualifiedName[] = [];
  for (const feeder of feeders) {
    if (takesConstraints(feeder.engine) || feeder.engine === "") continue;
    const direct = feeder.views.some((view) => sameName(view, names.view) || sameName(view, names.other));
    const passes = refusesWhole(feeder);
    if (passes && !direct) continue;
    if (passes && inner === undefined && from.to !== undefined && to.to !== undefined) {
      targets.push(from.to, ...(sameName(from.to, to.to) ? [] : [to.to]));
      continue;
    }
    const danger = "rows could be lost or doubled while the view is replaced";
    throw notRefusable(qualifiedName(names.view), feeder, danger);
  }
  return targets;
}

async function mentionedTables({ runner, to }: Changing): Promise<(QualifiedName & { engine: string })[]> {
  const pairs = [...mentionedNames(to.query)].map((key) => {
    const { database, name = "" } = keyParts(key);
    return `(${quoteString(database)}, ${quoteString(name)})`;
  });
  if (pairs.length === 0) return [];
  return runner.rows(
    `SELECT database, name, engine FROM system.tables WHERE (database, name) IN (${pairs.join(", ")}) ORDER BY database, name`,
  );
}

function sameName(a: QualifiedName, b: QualifiedName): boolean {
  return a.database === b.database && a.name === b.name;
}
