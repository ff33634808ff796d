import { quoteIdentifier } from "../../sql/identifiers";
import { parseQuery, type Query } from "../../sql/query";
import { type Edit, edited } from "./create-header";

/** A query with the database added to every table named without one; unchanged if it cannot be parsed. */
export function qualifyQuery(query: string, database: string): string {
  const parsed = parseQuery(query);
  return parsed === undefined ? query : edited(query, unqualified(parsed, new Set(), `${quoteIdentifier(database)}.`));
}

function unqualified(query: Query, scope: ReadonlySet<string>, prefix: string): Edit[] {
  return query.selects.flatMap((select) => {
    const names = new Set([...scope, ...select.with.flatMap((item) => (item.query ? [item.name] : []))]);
    const inner = [...select.with, ...select.from].flatMap((part) =>
      part.query === undefined ? [] : unqualified(part.query, names, prefix),
    );
    const own = select.from.flatMap(({ table, start }) =>
      table === undefined || table.database !== undefined || names.has(table.name)
        ? []
        : [{ start, end: start, text: prefix }],
    );
    return [...inner, ...own];
  });
}
