import { parseError, type SqlParseError } from "./errors";
import { unquoteIdentifier, unquoteString } from "./identifiers";
import { lex, nextToken, type Token } from "./lexer";

/** A place in a run of tokens. The only mutable thing here: `position` moves forward as text is taken. */
export interface Cursor {
  readonly source: string;
  /** All tokens of the source except comments. */
  readonly tokens: readonly Token[];
  /** Index of a closing bracket by the index of its opening one. */
  readonly closers: ReadonlyMap<number, number>;
  /** Index after the last token of this run. */
  readonly end: number;
  position: number;
}

const PAIRS: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** A cursor at the start of a string. @throws {SqlParseError} for a stray character or an unmatched bracket. */
export function createCursor(source: string): Cursor {
  const tokens = lex(source).filter((token) => token.kind !== "comment");
  const unknown = tokens.find((token) => token.kind === "unknown");
  if (unknown) throw parseError(source, unknown.start, describeUnknown(unknown.text));
  return { source, tokens, closers: matchBrackets(source, tokens), end: tokens.length, position: 0 };
}

/** A cursor over the first tokens of a string; nothing after them is read. */
export function createHeadCursor(source: string, length: number): Cursor {
  const tokens: Token[] = [];
  for (let token = nextToken(source, 0); token && tokens.length < length; token = nextToken(source, token.end, token)) {
    if (token.kind !== "comment") tokens.push(token);
  }
  return { source, tokens, closers: new Map(), end: tokens.length, position: 0 };
}

/** The token `ahead` places further on, if it belongs to the run. */
export function peek(cursor: Cursor, ahead = 0): Token | undefined {
  const index = cursor.position + ahead;
  return index < cursor.end ? cursor.tokens[index] : undefined;
}

/** Whether everything has been taken. */
export function isAtEnd(cursor: Cursor): boolean {
  return cursor.position >= cursor.end;
}

/** Whether these bare words come next, in any case. */
export function atWords(cursor: Cursor, ...words: readonly string[]): boolean {
  return words.every((word, ahead) => isWord(peek(cursor, ahead), word));
}

/** Whether a token is this bare word (given in capitals), in any case. */
export function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === "word" && token.text.toUpperCase() === word;
}

/** Takes these words if they come next. */
export function takeWords(cursor: Cursor, ...words: readonly string[]): boolean {
  const found = atWords(cursor, ...words);
  if (found) cursor.position += words.length;
  return found;
}

/** Takes this operator if it comes next. */
export function takeOperator(cursor: Cursor, text: string): boolean {
  const token = peek(cursor);
  const found = token?.kind === "operator" && token.text === text;
  if (found) cursor.position++;
  return found;
}

/** Takes a name and removes its quotes. `what` says what it names, for the message. */
export function takeName(cursor: Cursor, what: string): string {
  const token = peek(cursor);
  if (token?.text === "{") {
    throw fail(cursor, `Found a query parameter where the ${what} belongs: write the name itself`);
  }
  if (token?.kind !== "word" && token?.kind !== "quoted") throw fail(cursor, `Expected the ${what}`);
  cursor.position++;
  return unquoteIdentifier(token.text);
}

/** Takes a string literal and returns its value. */
export function takeString(cursor: Cursor, after: string): string {
  const token = peek(cursor);
  if (token?.kind !== "string") throw fail(cursor, `Expected a string in quotes after ${after}`);
  cursor.position++;
  return unquoteString(token.text);
}

/** Takes a bracketed group and returns a cursor over its contents. */
export function takeGroup(cursor: Cursor, after: string): Cursor {
  const close = cursor.closers.get(cursor.position);
  if (peek(cursor)?.text !== "(" || close === undefined) throw fail(cursor, `Expected "(" after ${after}`);
  const inside = { ...cursor, position: cursor.position + 1, end: close };
  cursor.position = close + 1;
  return inside;
}

/** Takes one token, or a whole bracketed group. */
export function skipElement(cursor: Cursor): void {
  cursor.position = (cursor.closers.get(cursor.position) ?? cursor.position) + 1;
}

/** The source between two token indexes, verbatim, without surrounding white space. */
export function sliceTokens(cursor: Cursor, from: number, to: number): string {
  const first = cursor.tokens[from];
  const last = cursor.tokens[to - 1];
  return first && last && to > from ? cursor.source.slice(first.start, last.end) : "";
}

/** Takes the rest of the run as text. */
export function takeRest(cursor: Cursor): string {
  const from = cursor.position;
  cursor.position = cursor.end;
  return sliceTokens(cursor, from, cursor.end);
}

/** Splits the rest of the run at its top-level commas; a trailing comma makes no empty part, as in the engine. */
export function splitAtCommas(cursor: Cursor): Cursor[] {
  const parts: Cursor[] = [];
  const walker = { ...cursor };
  for (let from = walker.position; !isAtEnd(walker); ) {
    skipElement(walker);
    const isComma = peek(walker)?.text === ",";
    if (isComma || isAtEnd(walker)) parts.push({ ...cursor, position: from, end: walker.position });
    if (isComma) from = ++walker.position;
  }
  return parts;
}

/** The error for the token at the cursor. */
export function fail(cursor: Cursor, message: string): SqlParseError {
  const token = cursor.tokens[cursor.position];
  return parseError(cursor.source, token?.start ?? cursor.source.trimEnd().length, message);
}

function matchBrackets(source: string, tokens: readonly Token[]): ReadonlyMap<number, number> {
  const closers = new Map<number, number>();
  const open: number[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind === "open") open.push(index);
    if (token.kind !== "close") continue;
    const opener = open.pop();
    if (opener === undefined || PAIRS[tokens[opener]?.text ?? ""] !== token.text) {
      throw parseError(source, token.start, `Found "${token.text}" without its opening bracket`);
    }
    closers.set(opener, index);
  }
  const left = tokens[open.pop() ?? -1];
  if (left) throw parseError(source, left.start, `Found "${left.text}" without its closing bracket`);
  return closers;
}

function describeUnknown(text: string): string {
  if (/['"`‘“]/.test(text)) return `Found a quote ${text} without its end`;
  if (text === "/*") return "Found a comment /* without its end";
  return `Found ${JSON.stringify(text)}, which no SQL statement can hold outside of quotes`;
}
