import { renderCreate } from "../../sql/render";
import type { QualifiedName, TableSpec } from "../../sql/spec";
import { FENCE } from "../protocol/fence";
import { localEngine } from "../rebuild/engines";

/**
 * CREATE of a table that takes the parts of another one by hard links and keeps them as they are: no merge, no TTL, which a restart
 * would otherwise let run.
 */
export function snapshotStatement(table: TableSpec, name: QualifiedName): string {
  const { comment: _comment, storage, ...rest } = table;
  const { ttl: _ttl, settings, ...kept } = storage;
  return renderCreate({
    ...rest,
    ...name,
    columns: table.columns.map(({ ttl: _, ...column }) => column),
    constraints: [],
    storage: {
      ...kept,
      engine: localEngine(storage),
      settings: [...settings.filter((own) => !FENCE.some((fence) => fence.name === own.name)), ...FENCE],
    },
  });
}

/** CREATE of the table that takes the place of the target: the same in all but the name. */
export function freshStatement(layout: TableSpec, name: QualifiedName): string {
  return renderCreate({ ...layout, ...name });
}
