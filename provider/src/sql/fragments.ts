import { unquoteIdentifier } from "./identifiers";
import { lex, type Token } from "./lexer";
import type { QualifiedName } from "./spec";

/** The arguments in `a, f(b, c), 'd'`, split at the commas outside brackets. */
export function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (const token of lex(text)) {
    if (token.kind === "open") depth += 1;
    if (token.kind === "close") depth -= 1;
    if (depth > 0 || token.text !== ",") continue;
    parts.push(text.slice(from, token.start).trim());
    from = token.end;
  }
  const last = text.slice(from).trim();
  return last === "" ? parts : [...parts, last];
}

/** `(a)` becomes `a`; a tuple of several elements, or of none, stays. */
export function withoutOuterBrackets(text: string): string {
  const inner = text.trim();
  const tokens = lex(inner);
  if (tokens[0]?.text !== "(" || matching(tokens) !== tokens.length - 1) return text;
  const content = inner.slice(1, -1);
  return splitArguments(content).length === 1 && !/,\s*$/.test(content) ? withoutOuterBrackets(content.trim()) : text;
}

/** Index of the token that closes the first one. */
function matching(tokens: readonly Token[]): number {
  let depth = 0;
  return tokens.findIndex((token) => {
    depth += token.kind === "open" ? 1 : token.kind === "close" ? -1 : 0;
    return depth === 0;
  });
}

/** `database.name`, each quoted or bare; undefined for anything else. */
export function parseQualifiedName(text: string): QualifiedName | undefined {
  const [database, dot, name, ...rest] = lex(text);
  if (database === undefined || dot?.text !== "." || name === undefined || rest.length > 0) return undefined;
  if (!isName(database.kind) || !isName(name.kind)) return undefined;
  return { database: unquoteIdentifier(database.text), name: unquoteIdentifier(name.text) };
}

function isName(kind: string): boolean {
  return kind === "word" || kind === "quoted";
}

/** The statements of a script, with the line each begins on (from 1). Semicolons in strings and comments do not count. */
export function splitStatements(script: string): { sql: string; line: number }[] {
  const found: { sql: string; line: number }[] = [];
  let first: Token | undefined;
  let end = 0;
  const add = (): void => {
    if (first === undefined) return;
    found.push({ sql: script.slice(first.start, end), line: script.slice(0, first.start).split("\n").length });
    first = undefined;
  };
  for (const token of lex(script)) {
    if (token.kind === "comment") continue;
    if (token.text === ";") {
      add();
      continue;
    }
    first ??= token;
    end = token.end;
  }
  add();
  return found;
}

/** Whether what follows `AS` is a query, not a table or a table function. */
export function isQuery(text: string): boolean {
  return /^[\s(]*(?:SELECT|WITH|FROM)\b/i.test(text);
}
