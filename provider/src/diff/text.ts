import { splitArguments, withoutOuterBrackets } from "../sql/fragments";
import { quoteIdentifier, unquoteIdentifier } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import type { SettingSpec } from "../sql/spec";

/**
 * Every name in an expression that may be a column: all words and quoted names. Over-approximates (functions are words too),
 * so that no reader of a column is missed.
 */
export function namesIn(...texts: readonly (string | undefined)[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const text of texts) {
    if (text === undefined) continue;
    for (const token of lex(text)) {
      if (token.kind === "word" || token.kind === "quoted") names.add(unquoteIdentifier(token.text));
    }
  }
  return names;
}

/** The expression as the engine rewrites it when columns are renamed. */
export function renameIn(text: string, renames: ReadonlyMap<string, string>): string {
  if (renames.size === 0) return text;
  const tokens = lex(text);
  let renamed = "";
  let position = 0;
  tokens.forEach((token, index) => {
    if (token.kind !== "word" && token.kind !== "quoted") return;
    const to = renames.get(unquoteIdentifier(token.text));
    const isCall = token.kind === "word" && tokens[index + 1]?.text === "(";
    if (to === undefined || isCall) return;
    renamed += text.slice(position, token.start) + quoteIdentifier(to);
    position = token.end;
  });
  return renamed + text.slice(position);
}

/** The expressions of a key: one for `a` and `(a)`, none for `tuple()` and nothing. */
export function keyElements(key: string | undefined): readonly string[] {
  if (key === undefined) return [];
  const plain = withoutOuterBrackets(key.trim());
  if (plain === "tuple()" || plain === "()") return [];
  const elements = splitArguments(plain);
  const isTuple = elements.length === 1 && plain.startsWith("(") && withoutOuterBrackets(plain) === plain;
  return isTuple && plain.endsWith(")") && splitArguments(plain.slice(1, -1)).length > 1
    ? splitArguments(plain.slice(1, -1))
    : elements;
}

/** Equal as ordered lists of expressions. */
export function sameKey(from: string | undefined, to: string | undefined): boolean {
  return from === to || keyElements(from).join("\0") === keyElements(to).join("\0");
}

/** Equal in any order, e.g. for statistics, which the engine sorts in its own way. */
export function sameList(from: string | undefined, to: string | undefined): boolean {
  return from === to || [...splitArguments(from ?? "")].sort().join() === [...splitArguments(to ?? "")].sort().join();
}

/** Equal in any order: SHOW CREATE prints settings in the order in which they were set. */
export function sameSettings(from: readonly SettingSpec[] = [], to: readonly SettingSpec[] = []): boolean {
  return settingsKey(from) === settingsKey(to);
}

function settingsKey(settings: readonly SettingSpec[]): string {
  return settings
    .map(({ name, value }) => `${name}\0${value}`)
    .sort()
    .join("\n");
}
