import { contextsOf } from "../apply/rename/clauses";
import { pairAt } from "../apply/rename/scan";
import { quoteIdentifier, qualifiedName as sqlName } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import { objectKey } from "../sql/object-key";
import type { ColumnSpec } from "../sql/spec";

/** A source of a query, some of whose columns are read as something else. */
export interface Replaced {
  /** Its columns as they are now. */
  readonly columns: readonly ColumnSpec[];
  /** What is read in place of columns, as expressions by name. */
  readonly values: ReadonlyMap<string, string>;
}

/**
 * A query that reads something else in place of columns of its sources: converted to the type that it gets, a column gives the same before
 * and after; a constant in place of one that goes keeps the query working.
 *
 * @param sources by key.
 */
export function interimQuery(query: string, sources: ReadonlyMap<string, Replaced>): string {
  const tokens = lex(query).filter(({ kind }) => kind !== "comment");
  const contexts = contextsOf(tokens);
  const words = new Set(tokens.flatMap(({ kind, text }) => (kind === "word" || kind === "quoted" ? [text] : [])));
  const readsAll = tokens.some(({ text }) => text === "*");
  let done = query;
  for (let index = tokens.length - 1; index >= 0; index -= 1) {
    const pair = pairAt(tokens, index);
    const source = pair && sources.get(objectKey(pair.database, pair.name));
    const [first, last, next] = [tokens[index], tokens[index + 2], tokens[index + 3]];
    if (pair === undefined || source === undefined || first === undefined || last === undefined) continue;
    const own = quoteIdentifier(pair.name);
    // In an expression, `db.table.column`.
    if (contexts[index]?.place !== "table") {
      if (next?.text === ".") done = done.slice(0, first.start) + own + done.slice(last.end);
      continue;
    }
    const isNamed = next !== undefined && /^AS$/i.test(next.text);
    const columns = readsAll ? everything(source) : mentioned(source, words);
    const text = `(SELECT ${columns} FROM ${sqlName(pair)})${isNamed ? "" : ` AS ${own}`}`;
    done = done.slice(0, first.start) + text + done.slice(last.end);
  }
  return done;
}

function everything({ values }: Replaced): string {
  return `* REPLACE (${[...values].map(([name, value]) => as(value, name)).join(", ")})`;
}

/** Also columns that `*` leaves out: materialized ones and aliases. */
function mentioned({ columns, values }: Replaced, words: ReadonlySet<string>): string {
  const read = columns.filter(({ name }) => words.has(name) || words.has(quoteIdentifier(name)));
  const texts = read.map(({ name }) => {
    const value = values.get(name);
    return value === undefined ? quoteIdentifier(name) : as(value, name);
  });
  return texts.length === 0 ? "1" : texts.join(", ");
}

function as(value: string, name: string): string {
  return `${value} AS ${quoteIdentifier(name)}`;
}
