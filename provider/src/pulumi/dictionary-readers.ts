import { rewrite } from "../apply/rename";
import type { LiveObject } from "../introspect/live-object";
import { unquoteIdentifier, unquoteString } from "../sql/identifiers";
import { lex, type Token } from "../sql/lexer";
import { keyParts } from "../sql/object-key";
import type { QualifiedName, ViewSpec } from "../sql/spec";

/** Words that end an attribute's type. */
const CLAUSES = new Set(["DEFAULT", "EXPRESSION", "HIERARCHICAL", "INJECTIVE", "IS_OBJECT_ID", "PRIMARY"]);

/** What a dictionary reads from a table or view. */
export interface DictionarySource {
  /** Its attributes and keys, with their types. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Names within the strings of its source: a condition, or the column that shows what is new. */
  readonly named: ReadonlySet<string>;
  /** Its own query, if any, as a view of its name. */
  readonly query: ViewSpec | undefined;
}

/**
 * What a dictionary reads.
 *
 * @param from what it reads, which is now `to`; its query is rewritten.
 */
export function dictionarySource(reader: LiveObject, from: QualifiedName, to: QualifiedName): DictionarySource {
  const { text } = rewrite(reader.statement, { object: "table", from, to });
  const tokens = lex(text).filter(({ kind }) => kind !== "comment");
  const source = tokens.findIndex((token) => isWord(token, "SOURCE"));
  const strings = tokens.slice(source).filter(({ kind }) => kind === "string");
  const written = tokens.findIndex((token, index) => index > source && isWord(token, "QUERY"));
  const query = tokens[written + 1];
  const { database, name = "" } = keyParts(reader.key);
  return {
    attributes: attributesIn(text, tokens),
    named: new Set(strings.flatMap((token) => namesIn(unquoteString(token.text)))),
    query:
      written > 0 && query?.kind === "string"
        ? { kind: "view", database, name, columns: [], query: unquoteString(query.text) }
        : undefined,
  };
}

/** The column list of a CREATE DICTIONARY. */
function attributesIn(text: string, tokens: readonly Token[]): Map<string, string> {
  const found = new Map<string, string>();
  let depth = 0;
  let begins = true;
  for (const [index, token] of tokens.entries()) {
    if (depth === 1 && begins && (token.kind === "word" || token.kind === "quoted")) {
      const end = typeEnd(tokens, index + 1);
      const type = text.slice(tokens[index + 1]?.start, tokens[end - 1]?.end);
      if (!isWord(token, "PRIMARY")) found.set(unquoteIdentifier(token.text), type);
      begins = false;
    }
    depth += token.kind === "open" ? 1 : token.kind === "close" ? -1 : 0;
    if (depth === 1 && (token.kind === "open" || token.text === ",")) begins = true;
    if (token.kind === "close" && depth === 0) break;
  }
  return found;
}

function typeEnd(tokens: readonly Token[], from: number): number {
  let depth = 0;
  for (let index = from; index < tokens.length; index++) {
    const token = tokens[index] as Token;
    if (depth === 0 && (token.text === "," || token.kind === "close" || isClause(token))) return index;
    depth += token.kind === "open" ? 1 : token.kind === "close" ? -1 : 0;
  }
  return tokens.length;
}

function isClause({ kind, text }: Token): boolean {
  return kind === "word" && CLAUSES.has(text.toUpperCase());
}

function isWord({ kind, text }: Token, word: string): boolean {
  return kind === "word" && text.toUpperCase() === word;
}

function namesIn(text: string): string[] {
  return lex(text)
    .filter(({ kind }) => kind === "word" || kind === "quoted")
    .map((token) => unquoteIdentifier(token.text));
}
