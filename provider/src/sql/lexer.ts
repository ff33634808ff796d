/** What a {@link Token} is. `unknown` is a character, or the start of an unterminated quote or comment. */
export type TokenKind = "word" | "quoted" | "string" | "number" | "operator" | "open" | "close" | "comment" | "unknown";

/** A piece of source. Between two tokens there is only white space. */
export interface Token {
  readonly kind: TokenKind;
  /** The source from `start` to `end`. */
  readonly text: string;
  /** Offset of the first character, from 0. */
  readonly start: number;
  /** Offset after the last character. */
  readonly end: number;
}

// The engine treats Unicode spaces, zero-width ones and the byte order mark as white space.
const WHITE_SPACE = /[\s\u0085\u180e\u200b-\u200d\u2060]*/y;
// `#` opens a comment only before a space or `!`, which distinguishes it from a stray character.
const LINE_COMMENT = /(?:--|\/\/|#(?=[ !]))[^\n]*/y;
const WORD = /[A-Za-z_][A-Za-z0-9_$]*|\$[A-Za-z0-9_$]+/y;
const HEREDOC_TAG = /\$[A-Za-z0-9_]*\$/y;
const NUMBER =
  /0[xX][0-9A-Fa-f_]+(?:\.[0-9A-Fa-f_]*)?(?:[pP][+-]?\d+)?|0[bB][01_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y;
const DIGITS = /\d+/y;
const OPERATOR = /<=>|->|::|==|!=|<>|<=|>=|\|\||@@|[-+*/%=<>!?:.,;^|&~@\u2212]/y;
const WORD_CHARACTER = /[A-Za-z0-9_]/;
/** Opening and closing quotation marks; only the straight ones have escapes. */
const QUOTES: Readonly<
  Record<string, { readonly close: string; readonly kind: TokenKind; readonly escapes: boolean }>
> = {
  "'": { close: "'", kind: "string", escapes: true },
  "`": { close: "`", kind: "quoted", escapes: true },
  '"': { close: '"', kind: "quoted", escapes: true },
  "‘": { close: "’", kind: "string", escapes: false },
  "“": { close: "”", kind: "quoted", escapes: false },
};

/** The tokens of a string, comments included. Any string has tokens: what makes no sense is `unknown`. */
export function lex(source: string): Token[] {
  const tokens: Token[] = [];
  for (let token = nextToken(source, 0); token; token = nextToken(source, token.end, token)) tokens.push(token);
  return tokens;
}

/**
 * The first token at or after `offset`.
 *
 * @param previous the token before, which decides whether `.1` is a number or a tuple element.
 * @returns undefined at the end.
 */
export function nextToken(source: string, offset: number, previous?: Token): Token | undefined {
  const start = isPrintable(source.charCodeAt(offset)) ? offset : (matchEnd(WHITE_SPACE, source, offset) ?? offset);
  const char = source[start];
  if (char === undefined) return undefined;
  const [kind, end] = readToken(source, start, char, previous);
  return { kind, text: source.slice(start, end), start, end };
}

function readToken(source: string, start: number, char: string, previous: Token | undefined): [TokenKind, number] {
  // Most tokens are words and brackets; the other checks are skipped for them, because lexing is most of the work of an import.
  if (isWordStart(source.charCodeAt(start))) return readWord(source, start, char);
  if ("([{".includes(char)) return ["open", start + 1];
  if (")]}".includes(char)) return ["close", start + 1];
  const comment = source.startsWith("/*", start)
    ? findCommentEnd(source, start)
    : matchEnd(LINE_COMMENT, source, start);
  if (comment !== undefined) return ["comment", comment];
  if (source.startsWith("/*", start)) return ["unknown", start + 2];
  const quote = QUOTES[char];
  if (quote) {
    const end = findQuoteEnd(source, start, quote.close, quote.escapes);
    return end === undefined ? ["unknown", start + 1] : [quote.kind, end];
  }
  const heredoc = findHeredocEnd(source, start);
  if (heredoc !== undefined) return ["string", heredoc];
  const number = readNumber(source, start, previous);
  if (number) return number;
  const word = matchEnd(WORD, source, start);
  if (word !== undefined) return ["word", word];
  const operator = matchEnd(OPERATOR, source, start);
  if (operator !== undefined) return ["operator", operator];
  return ["unknown", start + String.fromCodePoint(source.codePointAt(start) ?? 0).length];
}

function readWord(source: string, start: number, char: string): [TokenKind, number] {
  if (source[start + 1] === "'" && "xXbB".includes(char)) {
    const end = findQuoteEnd(source, start + 1, "'", true);
    if (end !== undefined) return ["string", end];
  }
  return ["word", matchEnd(WORD, source, start) ?? start + 1];
}

/** A visible character of ASCII. */
function isPrintable(code: number): boolean {
  return code > 0x20 && code < 0x7f;
}

/** A to Z, a to z, or `_`. */
function isWordStart(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f;
}

function readNumber(source: string, start: number, previous: Token | undefined): [TokenKind, number] | undefined {
  const char = source[start] ?? "";
  // `t.1.2` takes elements of a tuple; `.5` after an operand is the same.
  const isElement = previous?.text === "." && previous.end === start;
  if (char === "." && previous !== undefined && previous.end === start && endsOperand(previous)) return undefined;
  const end = matchEnd(isElement ? DIGITS : NUMBER, source, start);
  if (end === undefined) return undefined;
  // A name may begin with a digit: `1st`.
  if (!WORD_CHARACTER.test(source[end] ?? "") || char === ".") return ["number", end];
  return ["word", matchEnd(/[A-Za-z0-9_$]+/y, source, start) ?? end];
}

/** Whether a token is or closes a value: an operator or the end of the expression follows. */
export function endsOperand(token: Token): boolean {
  return ["word", "quoted", "string", "number", "close"].includes(token.kind);
}

/** Comments can be nested, as in the engine. */
function findCommentEnd(source: string, start: number): number | undefined {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start;
  let depth = 0;
  for (let match = edge.exec(source); match; match = edge.exec(source)) {
    depth += match[0] === "/*" ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return undefined;
}

function findQuoteEnd(source: string, start: number, close: string, escapes: boolean): number | undefined {
  for (let offset = start + 1; offset < source.length; offset++) {
    const char = source[offset];
    if (escapes && char === "\\") offset++;
    else if (char === close) {
      if (!escapes || source[offset + 1] !== close) return offset + 1;
      offset++;
    }
  }
  return undefined;
}

function findHeredocEnd(source: string, start: number): number | undefined {
  const bodyStart = matchEnd(HEREDOC_TAG, source, start);
  if (bodyStart === undefined) return undefined;
  const tag = source.slice(start, bodyStart);
  const close = source.indexOf(tag, bodyStart);
  return close < 0 ? undefined : close + tag.length;
}

function matchEnd(sticky: RegExp, source: string, offset: number): number | undefined {
  sticky.lastIndex = offset;
  return sticky.test(source) ? sticky.lastIndex : undefined;
}
