import { lex, type Token } from "../sql/lexer";
import type { Place } from "./finding";

/** The line and column of an offset. */
export function placeAt(text: string, offset: number, fragment: string): Place {
  const before = text.slice(0, offset);
  return {
    offset,
    line: before.split("\n").length,
    column: offset - before.lastIndexOf("\n"),
    text: fragment,
  };
}

/**
 * Finds in a statement as its author wrote it what a finding points at in the canonical one: the same tokens, whatever the case,
 * quotes, parentheses and white space between them.
 *
 * @returns undefined when it is spelled differently there (`CASE` is `multiIf` in canonical text).
 */
export function placeIn(source: string, fragment: string, from = 0): Place | undefined {
  const wanted = words(fragment);
  const tokens = words(source).filter((token) => token.start >= from);
  if (wanted.length === 0) return undefined;
  const index = tokens.findIndex((_, start) =>
    wanted.every((token, ahead) => spelling(tokens[start + ahead]) === spelling(token)),
  );
  const first = tokens[index];
  const last = tokens[index + wanted.length - 1];
  return first && last ? placeAt(source, first.start, source.slice(first.start, last.end)) : undefined;
}

function words(text: string): Token[] {
  return lex(text).filter(({ kind, text: token }) => kind !== "comment" && token !== "(" && token !== ")");
}

function spelling(token: Token | undefined): string | undefined {
  if (token?.kind === "quoted") return token.text.slice(1, -1).toLowerCase();
  // The engine prints 0.50 as 0.5.
  if (token?.kind === "number") return String(Number(token.text));
  return token?.kind === "word" ? token.text.toLowerCase() : token?.text;
}
