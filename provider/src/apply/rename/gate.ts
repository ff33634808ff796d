import { takesConstraints } from "../../clickhouse/engines";
import { insertGraphAround, type UpstreamTable } from "../../operation/insert-graph";
import { liveView } from "../../operation/replace-view";
import type { Runner } from "../../operation/runner";
import { notRefusable } from "../../operation/upstream";
import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import { qualified, type Renaming, renamedTo } from "./names";

/**
 * The tables where inserts must be refused so that nothing flows through the views: entry tables first.
 *
 * @param views incremental views, by their current names.
 * @throws {SchemaError} when a table that feeds them cannot refuse inserts.
 */
export async function gateTables(
  runner: Runner,
  views: readonly QualifiedName[],
  renaming: Renaming,
  allow: readonly string[],
): Promise<QualifiedName[]> {
  const found = new Map<string, QualifiedName>();
  // A view has one source; once that and all its feeders are known, other views of the same source add nothing.
  const known = new Set<string>();
  for (const view of views) {
    if (known.has(qualifiedName(view))) continue;
    const feeders = (await insertGraphAround(runner, view)).feeders.slice(0, -1);
    for (const feeder of feeders) if (!allow.includes("unproven")) refuse(feeder, renaming);
    const gated = [...feeders];
    if (feeders.some(({ engine }) => engine === "Null")) {
      const target = (await liveView(runner, view))?.spec.to;
      // Rows that a Null table passes on are refused at the target, and with them the whole insert.
      if (target !== undefined) gated.push(...(await insertGraphAround(runner, target)).feeders);
    } else for (const reader of feeders.flatMap((feeder) => feeder.views)) known.add(qualifiedName(reader));
    for (const { database, name, engine } of gated) {
      if (takesConstraints(engine)) found.set(qualifiedName({ database, name }), { database, name });
    }
  }
  return [...found.values()];
}

function refuse(feeder: UpstreamTable, renaming: Renaming): void {
  const { engine, views } = feeder;
  if (takesConstraints(engine) || views.length === 0 || engine === "MaterializedView" || engine === "View") return;
  // Only one view reads it, and it is not renamed itself: its inserts are refused as a whole further downstream.
  if (engine === "Null" && views.length === 1 && renamedTo(renaming, feeder) === undefined) return;
  const danger = "rows that come during the rename could miss a view";
  throw notRefusable(qualified(renaming.from), feeder, danger);
}
