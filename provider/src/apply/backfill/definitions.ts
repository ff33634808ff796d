import { localEngine } from "../../clickhouse/merge-tree";
import { FENCE } from "../../operation/fence";
import { deltaStatement, LENIENT, lenient } from "../../operation/helper-definitions";
import { qualifiedName } from "../../sql/identifiers";
import { renderCreate } from "../../sql/render";
import type { QualifiedName, TableSpec } from "../../sql/spec";
import type { Context } from "./context";

/**
 * CREATE of a table that takes the parts of another one by hard links and keeps them as they are: no merge, no TTL, which a restart
 * would otherwise let run.
 *
 * @param final whether it is read with FINAL, for which it must know how rows merge.
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
      // Nothing is merged here, and the plain engine takes columns that others ask questions about.
      engine: final ? localEngine(storage) : "MergeTree",
      settings: [...settings.filter((own) => !FENCE.some((fence) => fence.name === own.name)), ...FENCE],
    },
  });
}

/**
 * CREATE of a table that the target's rows are computed in.
 *
 * @param plan `lenient` where the engine would refuse to create what an ALTER has made of the target.
 */
export function stageStatement({ layout, plan }: Pick<Context, "layout" | "plan">, name: QualifiedName): string {
  return deltaStatement(plan.lenient === true ? lenient(layout) : layout, name);
}

/** Statements that make the table that takes the place of the target: the same in all but the name. */
export function freshStatements({ layout, plan }: Pick<Context, "layout" | "plan">, name: QualifiedName): string[] {
  if (plan.lenient !== true) return [renderCreate({ ...layout, ...name })];
  return [renderCreate({ ...lenient(layout), ...name }), `ALTER TABLE ${qualifiedName(name)} RESET SETTING ${LENIENT}`];
}
