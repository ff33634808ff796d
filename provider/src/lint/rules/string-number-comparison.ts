import { comparisonsIn, type Expression, literalText, type Select, unwrapped } from "../../sql/query";
import type { Report, Rule } from "../finding";
import { stringOperand } from "../operands";
import type { Subject } from "../subject";

const ORDER = new Set(["<", "<=", ">", ">="]);
const NUMBER = /^[+-]?\d+(?:\.\d+)?$/;

export const stringNumberComparison: Rule = {
  id: "string-number-comparison",
  severity: "error",
  summary: "Text is compared with a number in quotes by <, <=, > or >=.",
  why:
    "The comparison is one of texts, character by character: 'ok' and '5' are greater than '400', '1000' is " +
    "less, and a label that is missing is ''. " +
    "The condition answers, but not what was asked.",
  *check(subject: Subject): Iterable<Report> {
    for (const select of subject.selects) {
      for (const expression of expressionsOf(select)) {
        for (const { left, operator, right } of comparisonsIn(expression)) {
          if (!ORDER.has(operator)) continue;
          const [text, literal] = literalText(right) === undefined ? [right, left] : [left, right];
          const value = literalText(literal);
          const operand = value !== undefined && NUMBER.test(value) ? stringOperand(subject, select, text) : undefined;
          if (operand === undefined) continue;
          const at = subject.at(text);
          yield {
            message: `${operand} is text and is compared with '${value}' by ${operator}.`,
            why: `Texts are compared character by character: 'ok' and '5' come behind '400', '1000' before it.`,
            fix:
              `Compare numbers: toFloat64OrNull(${unwrapped(text).text}) ${operator} ${value}, or toUInt16OrZero ` +
              "for a status.",
            ...(at && { at }),
          };
        }
      }
    }
  },
};

/** Every expression of a SELECT. */
export function expressionsOf(select: Select): Expression[] {
  const { items, where, prewhere, having, groupBy } = select;
  return [
    ...select.with.flatMap(({ expression }) => expression ?? []),
    ...items.map(({ expression }) => expression),
    ...[prewhere, where, having].flatMap((expression) => expression ?? []),
    ...(groupBy?.expressions ?? []),
  ];
}
