import { unquoteIdentifier, unquoteString } from "../sql/identifiers";
import { lex } from "../sql/lexer";

/** Only names that a text could hold, not a pattern or a format. */
const USUAL = /^[\w .:/@-]{0,60}$/;

/**
 * Texts and numbers that queries write behind a column: `MetricName IN ('a', 'b')`, `Labels['status'] = '500'`. Random rows hold them, so
 * that some pass the conditions.
 *
 * @param columns names of the source's columns.
 */
export function literalsBehind(
  queries: readonly string[],
  columns: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const known = new Set(columns);
  const found = new Map<string, Set<string>>();
  for (const query of queries) {
    let column: string | undefined;
    let before = "";
    for (const { kind, text } of lex(query)) {
      // The number of a tuple's element, `pair.1`, is no value.
      const isElement = kind === "number" && before === ".";
      before = text;
      if (isElement) continue;
      if (kind === "word" || kind === "quoted") {
        const name = unquoteIdentifier(text);
        if (known.has(name)) column = name;
        continue;
      }
      if (column === undefined || (kind !== "string" && kind !== "number")) continue;
      const literal = kind === "string" ? unquoteString(text) : text;
      if (!USUAL.test(literal)) continue;
      const own = found.get(column) ?? new Set();
      found.set(column, own.add(literal));
    }
  }
  return new Map([...found].map(([name, literals]) => [name, [...literals]]));
}
