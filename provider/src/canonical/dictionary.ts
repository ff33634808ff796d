import { lex } from "../sql/lexer";

/** Whether a statement creates a dictionary, which {@link parseCreate} does not read. */
export function isDictionary(statement: string): boolean {
  return /^\s*(?:CREATE|ATTACH)\s+(?:OR\s+REPLACE\s+)?DICTIONARY\b/i.test(statement);
}

/** A dictionary's statement with an empty source: reading the real one may reach for a network or start a program. */
export function localDictionary(sql: string): string {
  const tokens = lex(sql).filter(({ kind }) => kind !== "comment");
  const source = tokens.findIndex(
    ({ text }, index) => text.toUpperCase() === "SOURCE" && tokens[index + 1]?.text === "(",
  );
  if (source === -1) return sql;
  let depth = 0;
  const close = tokens.slice(source + 1).find(({ kind }) => {
    depth += kind === "open" ? 1 : kind === "close" ? -1 : 0;
    return depth === 0;
  });
  const from = tokens[source + 1]?.start ?? sql.length;
  return `${sql.slice(0, from)}(NULL())${sql.slice(close?.end ?? sql.length)}`;
}
