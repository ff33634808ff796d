import { rules } from "../../lint";
import type { Overrides, RangedFinding } from "./file-finding";
import type { Source } from "./source";

/** Advice against something, or about its absence. */
const NEGATED = /\b(?:not|never|no|don['’]?t|avoid|without|instead|loses?|isn['’]?t|nor)\b/i;

/** Claims in prose that lead to what rules find in statements. */
const CLAIMS = [
  {
    rule: "populate-loses-rows",
    pattern: /\bPOPULATE\b/g,
    message: "The text advises POPULATE.",
    why: "Rows that are inserted while it runs are missing from the view for good, and TO refuses it (code 62).",
    fix: "Create the view with WHERE t >= a moment just ahead, then INSERT … SELECT what is older.",
  },
  {
    rule: "missing-ttl",
    pattern: /\bTTLs?\b[^.\n]{0,40}\binherit\w*/gi,
    message: "The text says that a TTL is inherited.",
    why: "It is not: what a view stores stays forever, unless its target has a TTL of its own.",
    fix: "Say that every target has its own TTL, and give it one.",
  },
] as const;

/** Advice in the text of a Markdown file that no statement shows. Always a warning: only a human knows what is meant. */
export function proseFindings(source: Source, overrides: Overrides): RangedFinding[] {
  return CLAIMS.flatMap(({ rule, pattern, ...words }) => {
    const severity = overrides.rules[rule] ?? "warning";
    const known = rules.some(({ id }) => id === rule);
    if (severity === "off" || !known) return [];
    return [...source.prose.matchAll(pattern)].flatMap((match) => {
      const sentence = sentenceAround(source.prose, match.index);
      const range = { start: match.index, end: match.index + match[0].length };
      return NEGATED.test(sentence) ? [] : [{ ...words, rule, severity, object: source.name, range }];
    });
  });
}

function sentenceAround(text: string, offset: number): string {
  const start = Math.max(...[". ", "\n\n", "\n- ", "\n* "].map((mark) => text.lastIndexOf(mark, offset)), 0);
  const rest = text.slice(offset).search(/\.\s|\n\s*(?:\n|[-*] )/);
  return text.slice(start, rest < 0 ? undefined : offset + rest);
}
