import { quoteString, unquoteString } from "./identifiers";
import { lex, type Token } from "./lexer";
import { objectKey } from "./object-key";

/** What the server shows in place of a password. */
const HIDDEN = "'[HIDDEN]'";
/** Pairs whose value the server hides. */
const PASSWORD = /^password$/i;
/** Names of HTTP headers and of pairs whose values are secrets that the server shows. */
const SHOWN_SECRET = /^(?:.*(?:key|token|secret|authorization|cookie).*)$/i;

/** The tables of this server that a dictionary's source reads by name. A source with a host may read another server. */
export function tablesOfSource(source: string): string[] {
  const pairs = pairsIn(source);
  const value = (name: string): string | undefined =>
    pairs.find(([word]) => word.text.toUpperCase() === name)?.[1].text;
  const [database, table] = [value("DB"), value("TABLE")];
  if (!/^\s*CLICKHOUSE\b/i.test(source) || value("HOST") !== undefined || database === undefined || table === undefined)
    return [];
  return [objectKey(plain(database), plain(table))];
}

/** A source as the server shows it. */
export function withoutPasswords(source: string): string {
  return replaced(source, passwordsIn(source));
}

/** Whether a source holds a secret in its text: the server hides passwords, and shows the values of headers. */
export function holdsSecret(source: string): boolean {
  const isGiven = (value: Token): boolean => value.kind === "string" && value.text !== HIDDEN && value.text !== "''";
  return [...passwordsIn(source), ...headersIn(source)].some(isGiven);
}

function passwordsIn(source: string): Token[] {
  return pairsIn(source).flatMap(([name, value]) => (PASSWORD.test(name.text) ? [value] : []));
}

/** `HEADER(NAME 'API-KEY' VALUE '…')` */
function headersIn(source: string): Token[] {
  const pairs = pairsIn(source);
  return pairs.flatMap(([word, value], index) => {
    const name = pairs[index - 1];
    const isSecret = /^VALUE$/i.test(word.text) && name !== undefined && SHOWN_SECRET.test(plain(name[1].text));
    return isSecret ? [value] : [];
  });
}

/** A word and the literal behind it. */
function pairsIn(source: string): (readonly [Token, Token])[] {
  const tokens = lex(source).filter(({ kind }) => kind !== "comment");
  return tokens.flatMap((token, index) => {
    const next = tokens[index + 1];
    const isValue = next?.kind === "string" || next?.kind === "quoted" || next?.kind === "word";
    return token.kind === "word" && next !== undefined && isValue ? [[token, next] as const] : [];
  });
}

function replaced(text: string, tokens: readonly Token[]): string {
  return [...tokens]
    .sort((a, b) => b.start - a.start)
    .reduce(
      (now, token) => (token.kind === "string" ? now.slice(0, token.start) + HIDDEN + now.slice(token.end) : now),
      text,
    );
}

function plain(text: string): string {
  return text.startsWith("'") ? unquoteString(text) : text.replaceAll("`", "");
}

/** `CLICKHOUSE(DB 'd' TABLE 't' …)` of a table on this server. */
export function sourceOfTable(
  { database, name }: { database: string; name: string },
  where?: string,
  invalidate?: string,
): string {
  const parts = [
    `TABLE ${quoteString(name)} DB ${quoteString(database)}`,
    ...(where === undefined ? [] : [`WHERE ${quoteString(where)}`]),
    ...(invalidate === undefined ? [] : [`INVALIDATE_QUERY ${quoteString(invalidate)}`]),
  ];
  return `CLICKHOUSE(${parts.join(" ")})`;
}
