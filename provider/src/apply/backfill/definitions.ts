import { localEngine } from "../../clickhouse/merge-tree";
import { FENCE } from "../../operation/fence";
import { deltaStatement, LENIENT, lenient } from "../../operation/helper-definitions";
import { qualifiedName } from "../../sql/identifiers";
import { renderCreate } from "../../sql/render";
import type { QualifiedName, TableSpec } from "../../sql/spec";
import type { BackfillContext } from "./context";

/**
 * CREATE of a table that takes another table's parts by hard links and keeps them unchanged: no merge, and no TTL, which would otherwise
 * run after a restart.
 *
 * @param final whether it is read with FINAL, which needs the engine's rules for merging rows.
 */
export function snapshotStatement(table: TableSpec, name: QualifiedName, final = false): string {
  const { comment: _comment, storage, ...rest } = table;
  const { ttl: _ttl, settings, ...kept } = storage;
  return renderCreate({
    ...rest,
    ...name,
    columns: table.columns.map(({ ttl: _, ...column }) => column),
    constraints: [],
    storage: {
      ...kept,
      // Nothing is merged here, and the plain engine accepts columns that other engines reject.
      engine: final ? localEngine(storage) : "MergeTree",
      settings: [...settings.filter((own) => !FENCE.some((fence) => fence.name === own.name)), ...FENCE],
    },
  });
}

/**
 * CREATE of a table in which the target's rows are computed.
 *
 * @param plan `lenient` if the engine would refuse to create what ALTERs have made of the target.
 */
export function stageStatement(
  { layout, plan }: Pick<BackfillContext, "layout" | "plan">,
  name: QualifiedName,
): string {
  return deltaStatement(plan.lenient === true ? lenient(layout) : layout, name);
}

/** Statements that create the table that replaces the target: identical except for the name. */
export function freshStatements(
  { layout, plan }: Pick<BackfillContext, "layout" | "plan">,
  name: QualifiedName,
): string[] {
  if (plan.lenient !== true) return [renderCreate({ ...layout, ...name })];
  return [renderCreate({ ...lenient(layout), ...name }), `ALTER TABLE ${qualifiedName(name)} RESET SETTING ${LENIENT}`];
}
