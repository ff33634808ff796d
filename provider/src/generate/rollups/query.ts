import { ALIAS } from "../../rollup/qualify";
import { lex } from "../../sql/lexer";
import { objectKey } from "../../sql/object-key";
import { parseQuery, type Select } from "../../sql/query";
import { columnOf } from "./text";

/** A query that groups the rows of one table. */
export interface Grouping {
  /** Key of the table. */
  readonly source: string;
  readonly where?: string;
  /** Its outputs, in order; expressions without the alias that a rollup puts before columns. */
  readonly items: readonly Item[];
  /** Names by which it groups. */
  readonly groupBy: readonly string[];
}

export interface Item {
  readonly name: string;
  readonly text: string;
  /** The text with the alias. */
  readonly written: string;
}

/** Reads a query. A string says why it is not such a query. */
export function groupingOf(query: string): Grouping | string {
  const parsed = parseQuery(query);
  const [select, ...others] = parsed?.selects ?? [];
  if (select === undefined) return "its query cannot be read";
  if (others.length > 0) return "its query is a UNION";
  const refusal = refusalOf(select);
  if (refusal !== undefined) return refusal;
  const [from] = select.from;
  const { database, name = "" } = from?.table ?? {};
  if (database === undefined) return "its query reads no table";
  const items = select.items.map(({ name: output, expression }) => {
    const written = expression.text;
    return { name: output, text: withoutAlias(written), written };
  });
  const groupBy = (select.groupBy?.expressions ?? []).map(({ text }) => columnOf(withoutAlias(text)));
  if (groupBy.includes(undefined)) return "it groups by an expression that has no name";
  const unnamed = items.find((item) => item.name === undefined);
  if (unnamed !== undefined) return `\`${unnamed.text}\` has no name`;
  return {
    source: objectKey(database, name),
    items: items.flatMap(({ name: output, ...item }) => (output === undefined ? [] : [{ name: output, ...item }])),
    groupBy: groupBy.flatMap((column) => column ?? []),
    ...(select.where && { where: withoutAlias(select.where.text) }),
  };
}

function refusalOf({ with: withs, distinct, from, arrayJoin, prewhere, having, groupBy }: Select): string | undefined {
  if (withs.length > 0) return "its query has WITH";
  if (distinct) return "its query has DISTINCT";
  if (from.length > 1) return "its query joins tables";
  if (arrayJoin.length > 0) return "its query has ARRAY JOIN";
  if (prewhere) return "its query has PREWHERE";
  if (having) return "its query has HAVING";
  if (groupBy === undefined) return "it does not group";
  if (groupBy.all) return "it groups by ALL, and not by names";
  return undefined;
}

/** `_source.Value` becomes `Value`. */
function withoutAlias(text: string): string {
  const tokens = lex(text);
  let plain = "";
  let from = 0;
  tokens.forEach((token, index) => {
    const name = tokens[index + 2];
    if (token.text !== ALIAS || tokens[index + 1]?.text !== "." || name === undefined) return;
    if (tokens[index - 1]?.text === ".") return;
    plain += text.slice(from, token.start);
    from = name.start;
  });
  return plain + text.slice(from);
}
