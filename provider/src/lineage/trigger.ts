import { parseQuery, type Query, type Select } from "../sql/query";
import type { QualifiedName } from "../sql/spec";

/** What follows FROM. */
export type From = NonNullable<Select["from"][number]>;

/**
 * The first table that a query reads, through subqueries and WITH: the one whose inserts trigger an incremental view.
 *
 * @returns undefined where it cannot be told; `isUnion`: other SELECTs beside it read other tables.
 */
export function triggerIn(query: string): { readonly from: From; readonly isUnion: boolean } | undefined {
  const parsed = parseQuery(query);
  return parsed === undefined ? undefined : innermost(parsed, [], false);
}

/** Its name; undefined also where it has no database. */
export function triggerOf(query: string): QualifiedName | undefined {
  const table = triggerIn(query)?.from.table;
  return table?.database === undefined ? undefined : { database: table.database, name: table.name };
}

function innermost({ selects }: Query, outer: Select["with"], inUnion: boolean): ReturnType<typeof triggerIn> {
  const [select] = selects;
  const [first] = select?.from ?? [];
  if (select === undefined || first === undefined) return undefined;
  const isUnion = inUnion || selects.length > 1;
  const known = [...select.with, ...outer];
  if (first.query !== undefined) return innermost(first.query, known, isUnion);
  if (first.table === undefined || first.table.database !== undefined) return { from: first, isUnion };
  const { name } = first.table;
  const named = known.find((item) => item.name === name && item.query !== undefined);
  return named?.query === undefined ? { from: first, isUnion } : innermost(named.query, known, isUnion);
}
