import { type Expression, parseExpression, plainColumn } from "../../sql/query";
import type { ColumnSpec } from "../../sql/spec";
import type { Report, Rule } from "../finding";
import { measuresIn, type Roles, rolesOf } from "../merging";
import { isMerging } from "../storage";
import type { Subject } from "../subject";

export const computedFromSums: Rule = {
  id: "computed-from-sums",
  severity: "warning",
  summary: "A MATERIALIZED or DEFAULT column is computed from columns that merges combine.",
  why:
    "MATERIALIZED and DEFAULT are computed when a row is inserted, from the values that this insert brings, and stored. " +
    "Merges then add the stored results up, or keep any one of them; they never compute the expression again, so " +
    "an average of totals becomes a sum of averages.",
  *check(subject: Subject): Iterable<Report> {
    const { spec, layout } = subject;
    if (!layout?.own || spec.kind !== "table" || !isMerging(spec.storage)) return;
    const roles = rolesOf(spec);
    for (const column of spec.columns) {
      const expression = storedExpression(column);
      const measures = expression === undefined ? [] : measuresIn(expression, roles);
      const [measure] = measures;
      const own = roles.get(column.name);
      if (expression === undefined || measure === undefined || isKept(own, expression, measures, roles)) continue;
      const at = subject.atColumn(column.name);
      yield {
        message: `\`${column.name}\` is computed from \`${measure}\` when a row is inserted, and merges combine the rows of ${layout.name}.`,
        why:
          own === undefined || own === "key"
            ? "Merges keep the result of any one row instead of computing it from what they combined."
            : `Merges combine the stored results by ${own}() instead of computing it from what they combined.`,
        fix: `Declare it as ALIAS ${expression.text}: that is computed when it is read.`,
        ...(at && { at }),
      };
    }
  },
};

function storedExpression({ default: value }: ColumnSpec): Expression | undefined {
  const isStored = value?.kind === "MATERIALIZED" || value?.kind === "DEFAULT";
  return isStored && value.expression !== undefined ? parseExpression(value.expression) : undefined;
}

/** Whether merging the results equals the result over what is merged: sums and differences of sums, a maximum of maxima. */
function isKept(own: string | undefined, expression: Expression, measures: readonly string[], roles: Roles): boolean {
  if (own === "state") return true;
  if (!measures.every((name) => roles.get(name) === own)) return false;
  return plainColumn(expression) !== undefined || (own === "sum" && isLinear(expression.text));
}

function isLinear(text: string): boolean {
  return /^[\w`\s()+-]+$/.test(text) && !/\w\s*\(/.test(text) && !/(?:^|[\s(+-])\d/.test(text);
}
