import type { ColumnChange, ElementChange } from "../diff/changes";
import { namesIn } from "../diff/text";
import type { TableSpec } from "../sql/spec";
import type { Sorted } from "./table";

/** Where the server has nothing that stands in the way. */
export const NO_NAMES: ReadonlySet<string> = new Set();
export const NO_COLUMNS: ReadonlyMap<string, string> = new Map();

/** Indexes that read a column whose type changes, which older servers refuse (code 524), also where the index goes in the same ALTER. */
export function indexesInTheWay({ indexes }: TableSpec, columns: readonly ColumnChange[]): Set<string> {
  const retyped = [...retypedColumns(columns).values()];
  const read = indexes.filter(({ expression }) => retyped.some((name) => namesIn(expression).has(name)));
  return new Set(read.map(({ name }) => name));
}

/** New name → old name of columns with statistics whose type changes, which is the same to older servers. */
export function statisticsInTheWay(from: TableSpec, columns: readonly ColumnChange[]): Map<string, string> {
  const counted = new Set(from.columns.filter(({ statistics }) => statistics !== undefined).map(({ name }) => name));
  return new Map([...retypedColumns(columns)].filter(([, old]) => counted.has(old)));
}

/** With indexes that do not change themselves, but have to go and come again. */
export function withIndexes(sorted: Sorted, from: TableSpec, to: TableSpec, names: ReadonlySet<string>): Sorted {
  const changed = new Set(
    sorted.elements.flatMap(({ kind, from: old }) => (kind === "index" && old ? [old.name] : [])),
  );
  const again = from.indexes.flatMap((index): ElementChange[] => {
    const wanted = to.indexes.find(({ name }) => name === index.name);
    return wanted && names.has(index.name) && !changed.has(index.name)
      ? [{ kind: "index", from: index, to: wanted }]
      : [];
  });
  return again.length === 0 ? sorted : { ...sorted, elements: [...sorted.elements, ...again] };
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
