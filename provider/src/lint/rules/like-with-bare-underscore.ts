import { callsIn, comparisonsIn, literalText } from "../../sql/query";
import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";
import { expressionsOf } from "./string-number-comparison";

export const likeWithBareUnderscore: Rule = {
  id: "like-with-bare-underscore",
  severity: "warning",
  summary: "A LIKE pattern has a bare `_`, which stands for any character.",
  why:
    "`LIKE 'node_%'` also takes `nodejs` and `node-exporter`. Names are full of underscores, so the slip is easy " +
    "and the extra rows are silent.",
  *check(subject: Subject): Iterable<Report> {
    if (!("query" in subject.spec) || !/like/i.test(subject.spec.query)) return;
    for (const select of subject.selects) {
      for (const expression of expressionsOf(select)) {
        const likes = comparisonsIn(expression).filter(({ operator }) => operator.endsWith("LIKE"));
        const calls = callsIn(expression).filter(({ name }) => /^(?:not)?i?like$/i.test(name));
        const patterns = [...likes.map(({ right }) => right), ...calls.flatMap((call) => call.arguments[1] ?? [])];
        for (const pattern of patterns) {
          const text = literalText(pattern);
          if (text === undefined || !hasBareUnderscore(text)) continue;
          const at = subject.at(pattern);
          yield {
            message: `LIKE ${pattern.text}: a bare _ stands for any one character.`,
            why:
              "It also takes texts with another character in its place, such as " +
              `'${text.replaceAll("%", "").replaceAll("_", "x")}'.`,
            fix: `Escape it (${pattern.text.replaceAll("_", "\\\\_")})${prefixOf(text)}.`,
            ...(at && { at }),
          };
        }
      }
    }
  },
};

/** Next to a letter or digit and not one of several in a row: `____-__` counts characters on purpose. */
export function hasBareUnderscore(pattern: string): boolean {
  const plain = pattern.replaceAll(/\\./g, "");
  return !plain.includes("__") && /[A-Za-z0-9]_|_[A-Za-z0-9]/.test(plain);
}

function prefixOf(pattern: string): string {
  return /^[^%]+%$/.test(pattern) ? `, or write startsWith(…, '${pattern.slice(0, -1)}')` : "";
}
