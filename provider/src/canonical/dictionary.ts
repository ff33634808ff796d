import { lex } from "../sql/lexer";

/** Layouts that query their source when a key is looked up. */
const ASKING = /^\s*(COMPLEX_KEY_)?(?:DIRECT|CACHE|SSD_CACHE)\b/i;

/** Whether a statement creates a dictionary, which {@link parseCreate} does not parse. */
export function isDictionary(statement: string): boolean {
  return /^\s*(?:CREATE|ATTACH)\s+(?:OR\s+REPLACE\s+)?DICTIONARY\b/i.test(statement);
}

/**
 * A dictionary's statement with an empty source: reading the real one may use the network or start a program. A layout that queries its
 * source for every key cannot have an empty one, so here it is kept in memory.
 */
export function localDictionary(sql: string): string {
  const local = replaceGroup(sql, "SOURCE", "NULL()");
  const layout = groupOf(local, "LAYOUT");
  const asking = layout && ASKING.exec(local.slice(layout.start, layout.end));
  if (layout === undefined || !asking) return local;
  const [, complex = ""] = asking;
  const lifetime = groupOf(local, "LIFETIME") === undefined ? " LIFETIME(0)" : "";
  return `${local.slice(0, layout.start)}${complex}HASHED())${lifetime}${local.slice(layout.end + 1)}`;
}

function replaceGroup(sql: string, clause: string, inner: string): string {
  const group = groupOf(sql, clause);
  return group === undefined ? sql : `${sql.slice(0, group.start)}${inner}${sql.slice(group.end)}`;
}

/** Start and end of the text between a clause's parentheses. */
function groupOf(sql: string, clause: string): { start: number; end: number } | undefined {
  const tokens = lex(sql).filter(({ kind }) => kind !== "comment");
  const word = tokens.findIndex(({ text }, index) => text.toUpperCase() === clause && tokens[index + 1]?.text === "(");
  const open = tokens[word + 1];
  if (word === -1 || open === undefined) return undefined;
  let depth = 0;
  const close = tokens.slice(word + 1).find(({ kind }) => {
    depth += kind === "open" ? 1 : kind === "close" ? -1 : 0;
    return depth === 0;
  });
  return { start: open.end, end: close?.start ?? sql.length };
}
