import { type Place, placeIn } from "../../lint";
import { unquoteIdentifier } from "../../sql/identifiers";
import { lex, type Token } from "../../sql/lexer";
import type { Range } from "./file-finding";

const CLAUSE = /^(?:ORDER BY|PARTITION BY|PRIMARY KEY|SAMPLE BY|TTL)\b/;

/** A statement as its author wrote it, and as the engine writes it. */
export interface Texts {
  readonly written: string;
  readonly canonical: string;
  /** Where the query begins in `canonical`; its length if there is none. */
  readonly queryStart: number;
  /** The object's name in `written`. */
  readonly name: Range;
}

/** Where the author's text has what a finding points at in the canonical one; the object's name if nothing matches. */
export function locate(texts: Texts, at: Pick<Place, "offset" | "text"> | undefined): Range {
  if (at === undefined) return texts.name;
  const { written, canonical } = texts;
  const query = queryStartIn(written);
  const isName = lex(at.text).length === 1;
  if (at.offset >= texts.queryStart) {
    return sameOccurrence(written, query, canonical, texts.queryStart, at) ?? similar(texts, at.text, query);
  }
  const clause = CLAUSE.exec(canonical.slice(at.offset))?.[0];
  if (clause !== undefined) {
    const head = placeIn(written, clause);
    const inside = head && head.offset < query ? placeIn(written, at.text, head.offset) : undefined;
    if (inside && inside.offset < query) return rangeOf(written, inside);
  }
  const before = isName ? named(written, at.text, texts.name.end, query) : placeBetween(written, at.text, 0, query);
  return before ?? (isName ? aliased(written, at.text, query) : undefined) ?? similar(texts, at.text, 0);
}

/** The offset after `AS` of a CREATE statement; 0 for a query. */
export function queryStartIn(sql: string): number {
  const tokens = lex(sql).filter(({ kind }) => kind !== "comment");
  if (/^(?:SELECT|WITH|FROM|\()/i.test(tokens[0]?.text ?? "")) return 0;
  let depth = 0;
  for (const [index, { kind, text }] of tokens.entries()) {
    depth += kind === "open" ? 1 : kind === "close" ? -1 : 0;
    const next = tokens[index + 1];
    if (depth === 0 && text.toUpperCase() === "AS" && /^(?:SELECT|WITH|FROM|\()$/i.test(next?.text ?? ""))
      return next?.start ?? sql.length;
  }
  return sql.length;
}

/** The n-th of several in one text is the n-th in the other, if both have the same number. */
function sameOccurrence(
  written: string,
  from: number,
  canonical: string,
  base: number,
  { offset, text }: Pick<Place, "offset" | "text">,
): Range | undefined {
  const own = occurrences(written, text, from);
  const theirs = occurrences(canonical, text, base);
  const index = own.length === theirs.length ? theirs.findIndex((one) => one.start >= offset) : 0;
  return own[Math.max(index, 0)];
}

function occurrences(source: string, text: string, from: number): Range[] {
  const found: Range[] = [];
  for (let at = placeIn(source, text, from); at; at = placeIn(source, text, at.offset + 1))
    found.push(rangeOf(source, at));
  return found;
}

/** The longest run of its tokens, at least three, that the author also wrote. */
function similar(texts: Texts, text: string, from: number): Range {
  const tokens = lex(text);
  for (let length = tokens.length - 1; length >= 3; length--) {
    for (let first = 0; first + length <= tokens.length; first++) {
      const [start, end] = [tokens[first]?.start ?? 0, tokens[first + length - 1]?.end ?? 0];
      const place = placeIn(texts.written, text.slice(start, end), from);
      if (place) return rangeOf(texts.written, place);
    }
  }
  return texts.name;
}

function placeBetween(source: string, text: string, from: number, to: number): Range | undefined {
  const place = placeIn(source, text, from);
  return place && place.offset < to ? rangeOf(source, place) : undefined;
}

/** A name, in the author's own case first: the engine's names are case-sensitive. */
function named(source: string, name: string, from: number, to: number): Range | undefined {
  return names(source).find((token) => token.start >= from && token.end <= to && isCalled(token, name));
}

/** A column of a view is where the query names it. */
function aliased(source: string, name: string, from: number): Range | undefined {
  const tokens = names(source);
  const isAlias = (token: Token, index: number): boolean =>
    token.start >= from && isCalled(token, name) && tokens[index - 1]?.text.toUpperCase() === "AS";
  return tokens.find(isAlias) ?? named(source, name, from, source.length);
}

function names(source: string): Token[] {
  return lex(source).filter(({ kind }) => kind === "word" || kind === "quoted");
}

function isCalled({ text }: Token, name: string): boolean {
  return unquoteIdentifier(text) === unquoteIdentifier(name);
}

/** With the parentheses at the end, which `placeIn` ignores. */
function rangeOf(source: string, { offset, text }: Pick<Place, "offset" | "text">): Range {
  let depth = 0;
  for (const { kind } of lex(text)) depth += kind === "open" ? 1 : kind === "close" ? -1 : 0;
  const rest = source.slice(offset + text.length);
  const closing = depth > 0 ? new RegExp(`^(?:\\s*\\)){1,${depth}}`).exec(rest)?.[0] : undefined;
  return { start: offset, end: offset + text.length + (closing?.length ?? 0) };
}
