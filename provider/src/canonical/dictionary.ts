import { withoutPasswords } from "../sql/dictionary-source";
import { lex } from "../sql/lexer";
import type { ObjectSpec } from "../sql/spec";

/** Layouts that query their source when a key is looked up. */
const ASKING = /^\s*(COMPLEX_KEY_)?(?:DIRECT|CACHE|SSD_CACHE)\b/i;

/** Whether a statement creates a dictionary. */
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

/**
 * A dictionary as the engine shows it, with the source that was not read, and with the layout and the lifetime that {@link localDictionary}
 * has replaced.
 *
 * @param declared as the formatter spells it.
 */
export function restoreDictionary(declared: ObjectSpec, shown: ObjectSpec): ObjectSpec {
  if (!("attributes" in declared) || !("attributes" in shown)) return declared;
  const { lifetime: _, ...rest } = shown;
  const isComplex = shown.layout.startsWith("COMPLEX_KEY_") && !declared.layout.startsWith("COMPLEX_KEY_");
  const asked = isComplex ? `COMPLEX_KEY_${declared.layout}` : declared.layout;
  return {
    ...rest,
    source: declared.source,
    layout: ASKING.test(`${declared.layout}`) ? asked : shown.layout,
    ...(declared.lifetime !== undefined && { lifetime: declared.lifetime }),
  };
}

/** A dictionary as the server shows it. */
export function withHiddenSource(spec: ObjectSpec): ObjectSpec {
  return "attributes" in spec ? { ...spec, source: withoutPasswords(spec.source) } : spec;
}
