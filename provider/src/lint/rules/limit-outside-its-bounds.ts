import { plainValue, renderLimit } from "../../sql/access/limits";
import type { LimitSpec } from "../../sql/access/spec";
import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

export const limitOutsideItsBounds: Rule = {
  id: "limit-outside-its-bounds",
  severity: "warning",
  summary: "The value of a setting is not within its own bounds, or the bounds exclude every value.",
  why: "The server takes it. The value holds all the same, beyond the limit that was meant, and nobody can set it to what they have already.",
  *check(subject: Subject): Iterable<Report> {
    const { spec } = subject;
    if (!("limits" in spec)) return;
    for (const limit of spec.limits) {
      const problem = problemOf(limit);
      if (problem === undefined) continue;
      const at = subject.atFirst(renderLimit(limit));
      yield {
        message: `${renderLimit(limit)}: ${problem}.`,
        why: "The server takes it, and the value holds beyond the limit.",
        fix: "Correct the value or its bounds.",
        ...(at && { at }),
      };
    }
  },
};

function problemOf({ value, min, max }: LimitSpec): string | undefined {
  const [is, least, most] = [value, min, max].map((one) => (one === undefined ? Number.NaN : numberOf(one)));
  if (is === undefined || least === undefined || most === undefined) return undefined;
  if (least > most) return "MIN is above MAX";
  if (is < least) return "the value is below MIN";
  return is > most ? "the value is above MAX" : undefined;
}

/** A text is within no bounds that can be compared. */
function numberOf(literal: string): number {
  const text = plainValue(literal);
  return text.trim() === "" ? Number.NaN : Number(text);
}
