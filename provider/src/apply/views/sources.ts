import { passesOn, takesConstraints } from "../../clickhouse/engines";
import { SchemaError } from "../../errors";
import { mentionedNames } from "../../lineage/mentions";
import { insertGraphAround, type UpstreamTable } from "../../operation/insert-graph";
import { qualifiedName, quoteString } from "../../sql/identifiers";
import { keyParts, objectKey } from "../../sql/object-key";
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
  const found = new Map<string, UpstreamTable>();
  const own = [names.view, names.other];
  const add = async (name: QualifiedName): Promise<void> => {
    for (const feeder of (await insertGraphAround(context.runner, name)).feeders) {
      const key = objectKey(feeder.database, feeder.name);
      // A feeder found earlier is preceded by its own feeders, so the order remains right.
      if (!own.some((view) => sameName(view, feeder)) && !found.has(key)) found.set(key, feeder);
    }
  };
  for (const view of own) await add(view);
  // A new query may read other tables; and no inserts triggered the view if it was refreshable.
  const readsAnew = to.refresh === undefined && (from.refresh !== undefined || from.query !== to.query);
  for (const table of readsAnew ? await mentionedTables(context) : []) {
    if (takesConstraints(table.engine)) await add(table);
  }
  const feeders = [...found.values()];
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
    const passes = passesOn(feeder.engine) && feeder.views.length <= 1;
    if (passes && !direct) continue;
    if (passes && inner === undefined && from.to !== undefined && to.to !== undefined) {
      targets.push(from.to, ...(sameName(from.to, to.to) ? [] : [to.to]));
      continue;
    }
    throw new SchemaError(
      "inserts-not-refusable",
      `${qualifiedName(names.view)}: rows come to it from ${qualifiedName(feeder)} (${feeder.engine}, read by ${feeder.views.length} view(s)), where inserts ` +
        "cannot be refused, so that rows could be lost or doubled while the view is replaced. Stop its writers for the time of the change. " +
        'To proceed anyway, set allow: ["unproven"].',
    );
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
