import { SqlParseError } from "../errors";
import type { Lattice } from "./lattice";
import { parseRights } from "./parse";
import { inOrder, normalForm, type Rule, type Verb } from "./points";
import { type Clause, clausesOf } from "./render";
import { resolve } from "./resolve";

const REVOKE = /^\s*REVOKE\s+/i;
const OPTION_FOR = /^\s*GRANT\s+OPTION\s+FOR\s+/i;

/** What lines of rights mean on a server, in whatever order: the narrower one wins; and what is wrong with them. */
export function rulesOfLines(
  lattice: Lattice,
  lines: readonly string[],
): { readonly rules: readonly Rule[]; readonly problems: readonly string[] } {
  const rules: Rule[] = [];
  const problems: string[] = [];
  for (const line of lines) {
    const found = rulesOfLine(lattice, line);
    for (const one of found) {
      if (typeof one === "string") problems.push(one);
      else rules.push(...one);
    }
  }
  return { rules: inOrder(rules), problems };
}

function rulesOfLine(lattice: Lattice, line: string): (readonly Rule[] | string)[] {
  const revoked = REVOKE.test(line);
  const rest = line.replace(REVOKE, "");
  const optionFor = revoked && OPTION_FOR.test(rest);
  try {
    const { phrases, option } = parseRights(rest.replace(OPTION_FOR, ""));
    if (revoked && option) return [`${line}: REVOKE has no WITH GRANT OPTION; write REVOKE GRANT OPTION FOR`];
    const verb: Verb = revoked ? (optionFor ? "revoke-option" : "revoke") : option ? "grant-with-option" : "grant";
    return phrases.map((phrase) => resolve(lattice, phrase, verb));
  } catch (error) {
    if (error instanceof SqlParseError) return [`${line}: ${error.message}`];
    throw error;
  }
}

/** Rules as lines, in their normal form: equal meaning gives equal lines. */
export function linesOf(lattice: Lattice, rules: readonly Rule[]): string[] {
  return clausesOf(lattice, normalForm(lattice, rules)).map(lineOf);
}

/** A clause as it is in a state. */
export function lineOf({ verb, text }: Pick<Clause, "verb" | "text">): string {
  if (verb === "grant") return text;
  if (verb === "grant-with-option") return `${text} WITH GRANT OPTION`;
  return `REVOKE ${verb === "revoke-option" ? "GRANT OPTION FOR " : ""}${text}`;
}
