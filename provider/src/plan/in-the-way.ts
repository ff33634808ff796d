import type { ColumnChange } from "../diff/changes";
import type { TableSpec } from "../sql/spec";

/** For a server on which nothing blocks the change. */
export const NO_COLUMNS: ReadonlyMap<string, string> = new Map();

/** New name → old name of columns with statistics whose type changes; older servers see no difference. */
export function statisticsInTheWay(from: TableSpec, columns: readonly ColumnChange[]): Map<string, string> {
  const counted = new Set(from.columns.filter(({ statistics }) => statistics !== undefined).map(({ name }) => name));
  return new Map([...retypedColumns(columns)].filter(([, old]) => counted.has(old)));
}

/** New name → old name. */
function retypedColumns(columns: readonly ColumnChange[]): Map<string, string> {
  const renamed = new Map(
    columns.flatMap((change) => (change.kind === "column-renamed" ? [[change.to, change.from] as const] : [])),
  );
  return new Map(
    columns.flatMap((change) =>
      change.kind === "column-retyped" ? [[change.name, renamed.get(change.name) ?? change.name] as const] : [],
    ),
  );
}
