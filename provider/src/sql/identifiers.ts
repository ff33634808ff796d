import type { QualifiedName } from "./spec";

/**
 * The words that the engine puts in backticks although they look like names. Measured on 26.7 with every word of
 * `system.keywords`: all others are printed bare.
 */
const RESERVED: ReadonlySet<string> = new Set(["all", "distinct", "from", "null", "select", "table", "values"]);

const BARE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Characters that the engine escapes when printing; other control characters stay raw. */
const ESCAPES: Readonly<Record<string, string>> = {
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\0": "\\0",
  "\\": "\\\\",
};

/** What a backslash followed by this letter means when the engine reads. */
const UNESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  e: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "0": "\0",
  // `\N` is the NULL of text formats; in a literal the engine reads it as nothing.
  N: "",
};

/** Characters that a backslash may precede without being part of the value. */
const PLAIN_ESCAPED = "\\'\"`/=";

/**
 * A name as SHOW CREATE prints it where a name is expected (database, table, index, constraint, projection): bare if possible, else
 * in backticks. In an expression a bare `true` or `not` is not a name: use {@link backtick} there.
 */
export function quoteIdentifier(name: string): string {
  return BARE_NAME.test(name) && !RESERVED.has(name.toLowerCase()) ? name : backtick(name);
}

/** A name in backticks, always: how SHOW CREATE prints column names, and the safe form inside expressions. */
export function backtick(name: string): string {
  return `\`${escapeText(name, "`")}\``;
}

/** A string literal. */
export function quoteString(text: string): string {
  return `'${escapeText(text, "'")}'`;
}

/** `database.name`, quoted where needed. */
export function qualifiedName({ database, name }: QualifiedName): string {
  return `${quoteIdentifier(database)}.${quoteIdentifier(name)}`;
}

/** The name in an identifier: bare, in backticks, in double quotes or in typographic double quotes. */
export function unquoteIdentifier(text: string): string {
  const quote = text[0];
  if (quote === "“") return text.slice(1, -1);
  return quote === "`" || quote === '"' ? unescapeText(text.slice(1, -1), quote) : text;
}

/** The value of a string literal: `'…'`, a heredoc `$tag$…$tag$` or typographic quotes. */
export function unquoteString(literal: string): string {
  if (literal.startsWith("‘")) return literal.slice(1, -1);
  if (literal.startsWith("$")) {
    const tag = literal.indexOf("$", 1) + 1;
    return literal.slice(tag, literal.length - tag);
  }
  return unescapeText(literal.slice(1, -1), "'");
}

function escapeText(text: string, quote: string): string {
  let escaped = "";
  for (const char of text) escaped += char === quote ? `\\${quote}` : (ESCAPES[char] ?? char);
  return escaped;
}

function unescapeText(text: string, quote: string): string {
  // A run of \xHH is decoded as a whole: the bytes of one UTF-8 character are escaped one by one.
  return text.replace(/(?:\\x[0-9A-Fa-f]{2})+|\\[\s\S]|([`"'])\1/g, (match, doubled: string | undefined) => {
    if (doubled !== undefined) return doubled === quote ? doubled : match;
    if (match.length > 2) return Buffer.from(match.replaceAll("\\x", ""), "hex").toString("utf8");
    const char = match[1] ?? "";
    return UNESCAPES[char] ?? (PLAIN_ESCAPED.includes(char) ? char : match);
  });
}
