import { type Expression, literalText } from "../../sql/query";
import { enumValues, unwrap } from "../../sql/query/types";
import type { Report, Rule } from "../finding";
import { narrowing } from "../narrowing";
import type { Subject } from "../subject";

export const viewTypeNarrows: Rule = {
  id: "view-type-narrows",
  severity: "warning",
  summary: "A view writes a type that the target's column cannot hold in full.",
  why:
    "The engine casts on insert: numbers wrap around and fractions are cut off, silently. A NULL (code 349) or " +
    "a string that does not parse (6) fails " +
    "the insert into the source table, whose rows are stored all the same, so a retry doubles them.",
  *check(subject: Subject): Iterable<Report> {
    const { spec, layout } = subject;
    if (spec.kind !== "materializedView" || !spec.to || !layout) return;
    for (const { name, type, expression } of subject.outputs) {
      const column = layout.columns.find((one) => one.name === name);
      const loss = type === undefined || column?.type === undefined ? undefined : narrowing(type, column.type);
      if (loss === undefined || (expression && isSafe(subject, name, expression, column?.type ?? ""))) continue;
      const at = (expression && subject.at(expression)) ?? subject.atColumn(name);
      yield {
        message: `\`${name}\` is ${type} in the view and ${column?.type} in ${layout.name}.`,
        why: `The engine casts on insert: ${loss}.`,
        fix:
          `Widen the column to ${type}, or say in the query what shall become of such values (a cast, ifNull, ` +
          "toUInt32OrZero …).",
        ...(at && { at }),
      };
    }
  },
};

/** A literal that is one of the Enum's labels, and a column from which WHERE keeps NULLs out. */
function isSafe({ select }: Subject, name: string, expression: Expression, type: string): boolean {
  const literal = literalText(expression);
  if (literal !== undefined) return enumValues(unwrap(type))?.has(literal) === true;
  const where = select?.where?.text ?? "";
  return [name, expression.text].some(
    (text) => where.includes(`${text} IS NOT NULL`) || where.includes(`isNotNull(${text})`),
  );
}
