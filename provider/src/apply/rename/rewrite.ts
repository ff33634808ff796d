import { qualifiedName, quoteIdentifier, quoteString, unquoteIdentifier, unquoteString } from "../../sql/identifiers";
import { lex, type Token } from "../../sql/lexer";
import { type Context, contextsOf, isName } from "./clauses";
import { mergePattern, remoteTable, sourceClause } from "./literals";
import { type Renaming, renamedTo } from "./names";
import { pairAt, type Rewritten, replace, type Scan } from "./scan";

/** Functions whose first argument names a dictionary or a Join table, as a string or a bare name. */
const NAMED_FIRST = /^(?:dict(?:Get|Has|IsIn)\w*|joinGet\w*|dictionary|loop)$/i;

/**
 * Replaces the names of objects in a statement as the engine prints it, and nothing else: strings, comments, aliases and nested columns
 * that look alike are kept.
 *
 * @param part `header`: only the name of the object that the statement creates.
 */
export function rewrite(sql: string, renaming: Renaming, part: "all" | "header" = "all"): Rewritten {
  const tokens = lex(sql).filter((token) => token.kind !== "comment");
  const scan: Scan = { tokens, contexts: contextsOf(tokens), renaming, edits: [], refused: new Set() };
  if (part === "header") replacePairs(scan, (context) => context.place === "header");
  else {
    replacePairs(scan, ({ place }) => place === "header" || place === "table");
    replaceArguments(scan);
    replaceColumns(scan);
    sourceClause(scan, (text) => rewrite(text, renaming));
    mergePattern(scan);
    remoteTable(scan);
  }
  const edits = scan.edits.sort((a, b) => b.start - a.start);
  const text = edits.reduce((done, edit) => done.slice(0, edit.start) + edit.text + done.slice(edit.end), sql);
  return { text, refused: [...scan.refused] };
}

/** Names in places where only a table, view or dictionary is possible. */
function replacePairs(scan: Scan, isMeant: (context: Context) => boolean): void {
  scan.tokens.forEach((_, index) => {
    const pair = pairAt(scan.tokens, index);
    const context = scan.contexts[index];
    if (pair === undefined || context === undefined || !isMeant(context)) return;
    const to = renamedTo(scan.renaming, pair);
    if (to !== undefined) replace(scan, index, index + 2, qualifiedName(to));
  });
}

/** `dictGet('db.dict', …)`, `dictGet(db.dict, …)`, `x IN (db.t)`. */
function replaceArguments(scan: Scan): void {
  const { tokens, contexts, renaming } = scan;
  tokens.forEach((token, index) => {
    if (tokens[index - 1]?.text !== "(") return;
    const caller = contexts[index]?.caller ?? "";
    const pair = pairAt(tokens, index);
    const named = NAMED_FIRST.test(caller);
    const to = pair && renamedTo(renaming, pair);
    if (pair !== undefined && to !== undefined && contexts[index]?.place === "other") {
      const isSet = /^IN$/i.test(caller) && tokens[index + 3]?.text === ")" && !isAlias(tokens, pair.database);
      if (named || isSet) replace(scan, index, index + 2, qualifiedName(to));
    }
    if (!named || token.kind !== "string") return;
    const literal = renamedText(renaming, unquoteString(token.text));
    if (literal !== undefined) replace(scan, index, index, quoteString(literal));
  });
}

/** `db.t.column` and `db.t.*`, if the statement reads `db.t`. */
function replaceColumns(scan: Scan): void {
  const { tokens, contexts, renaming } = scan;
  const read = new Set<string>();
  tokens.forEach((_, index) => {
    const pair = contexts[index]?.place === "table" ? pairAt(tokens, index) : undefined;
    if (pair !== undefined) read.add(qualifiedName(pair));
  });
  tokens.forEach((_, index) => {
    const pair = contexts[index]?.place === "other" ? pairAt(tokens, index) : undefined;
    const to = pair && renamedTo(renaming, pair);
    if (pair === undefined || to === undefined || !read.has(qualifiedName(pair))) return;
    const last = tokens[index + 4];
    if (tokens[index + 3]?.text !== "." || last === undefined || !(isName(last) || last.text === "*")) return;
    if (isAlias(tokens, pair.database)) {
      scan.refused.add(
        `${tokens
          .slice(index, index + 5)
          .map(({ text }) => text)
          .join("")}, which may mean the alias ${quoteIdentifier(pair.database)}`,
      );
    } else replace(scan, index, index + 2, qualifiedName(to));
  });
}

/** Whether the statement also uses the database's name as an alias. */
function isAlias(tokens: readonly Token[], database: string): boolean {
  return tokens.some((token, index) => {
    const next = tokens[index + 1];
    if (next === undefined || !isName(next) || unquoteIdentifier(next.text) !== database) return false;
    return /^AS$/i.test(token.text) && tokens[index + 2]?.text !== ".";
  });
}

/** `db.t` in a string, with the new name; undefined when it means something else. */
function renamedText({ from, to }: Renaming, text: string): string | undefined {
  if ("name" in from) {
    return text === `${from.database}.${from.name}` && "name" in to ? `${to.database}.${to.name}` : undefined;
  }
  return text.startsWith(`${from.database}.`) ? to.database + text.slice(from.database.length) : undefined;
}
