import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { backtick, quoteString } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import type { ColumnSpec, TableSpec } from "../sql/spec";
import { namesIn, type Renamed } from "./policy-columns";

/** Functions and words that give NULL or false where one of two answers of an unknown value would. */
const PLAIN =
  /^(?:and|or|not|in|like|ilike|between|null|true|false|lower|upper|tostring|equals|notequals|less|greater|lessorequals|greaterorequals|startswith|endswith)$/i;

/**
 * Whether a condition is false where renamed columns read as their defaults, whatever the others hold. While a server renames a column, a
 * query may read its default in place of its values (seen on 25.8): rows whose real values the condition hides were then shown.
 *
 * @param table as it is, with the old names.
 */
export async function hidesDefaults(
  connection: Connection,
  using: string,
  table: TableSpec,
  renamed: readonly Renamed[],
): Promise<boolean> {
  const names = namesIn(using);
  const words = lex(using).filter(({ kind }) => kind === "word");
  const columns = table.columns.filter(({ name }) => names.has(name));
  const known = new Set(columns.map(({ name }) => name));
  if (words.some(({ text }) => !known.has(text) && !PLAIN.test(text))) return false;
  const changed = new Set(renamed.map(({ name }) => name));
  const values = columns.map(
    (column) => `${changed.has(column.name) ? defaultOf(column) : "NULL"} AS ${backtick(column.name)}`,
  );
  try {
    const sql = `SELECT toString(ifNull(toBool(${using}), true)) AS shown FROM (SELECT ${values.join(", ")})`;
    const [row] = await connection.query<{ shown: string }>(sql);
    return row?.shown === "false";
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    return false;
  }
}

function defaultOf({ default: value, type = "" }: ColumnSpec): string {
  const text = quoteString(type);
  return value?.expression === undefined ? `defaultValueOfTypeName(${text})` : `CAST(${value.expression}, ${text})`;
}
