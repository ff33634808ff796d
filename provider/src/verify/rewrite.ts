import { isWord } from "../sql/cursor";
import { aggregateOf, type Call, callsIn, parseQuery, type Select, type SelectItem } from "../sql/query";

/** The only SELECT of a query; undefined if it has several, or cannot be parsed. */
export function onlySelect(query: string): Select | undefined {
  const parsed = parseQuery(query);
  const [select, ...rest] = parsed?.selects ?? [];
  return select !== undefined && rest.length === 0 && /^\s*(?:WITH|SELECT)\b/i.test(query) ? select : undefined;
}

/** The output with that name. */
export function itemOf(select: Select, name: string): SelectItem | undefined {
  return select.items.find((item) => item.name === name);
}

/**
 * A query with one more output, before FROM.
 *
 * @param output e.g. `max(x) AS m`.
 */
export function withOutput(query: string, select: Select, output: string): string | undefined {
  const from = fromOffset(select);
  return from === undefined ? undefined : `${query.slice(0, from)}, ${output} ${query.slice(from)}`;
}

/**
 * The rows that a query groups, ungrouped: its WITH, FROM and WHERE with other outputs.
 *
 * @returns undefined where that cannot be derived from the query.
 */
export function ungrouped(query: string, select: Select, outputs: string, distinct: boolean): string | undefined {
  const from = fromOffset(select);
  if (from === undefined || select.groupBy?.all === true) return undefined;
  const end = groupOffset(select) ?? query.length;
  return `${query.slice(0, select.start)}SELECT ${distinct ? "DISTINCT " : ""}${outputs} ${query.slice(from, end)}`;
}

/** The call in an output, if the output is an aggregate function and nothing else. */
export function aggregateItem(item: SelectItem): Call | undefined {
  const [call] = callsIn(item.expression);
  if (call === undefined || call.start !== item.expression.start || aggregateOf(call.name) === undefined)
    return undefined;
  const { cursor } = item.expression;
  const last = cursor.closers.get(cursor.position + 1);
  const end = last === cursor.end - 1 ? last : last === undefined ? undefined : cursor.closers.get(last + 1);
  return end === cursor.end - 1 ? call : undefined;
}

/** Position of FROM. */
function fromOffset({ from, items }: Select): number | undefined {
  const [first, tokens] = [from[0], items[0]?.expression.cursor.tokens];
  if (first === undefined || tokens === undefined) return undefined;
  const before = tokens[tokens.findIndex(({ start }) => start === first.start) - 1];
  return isWord(before, "FROM") ? before?.start : undefined;
}

function groupOffset({ groupBy }: Select): number | undefined {
  const first = groupBy?.expressions[0];
  if (first === undefined) return undefined;
  const { tokens } = first.cursor;
  for (let index = tokens.findIndex(({ start }) => start >= first.start) - 1; index > 0; index--) {
    if (isWord(tokens[index], "BY") && isWord(tokens[index - 1], "GROUP")) return tokens[index - 1]?.start;
  }
  return undefined;
}
