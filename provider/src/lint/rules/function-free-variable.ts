import { columnsIn, parseExpression } from "../../sql/query";
import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

export const functionFreeVariable: Rule = {
  id: "function-free-variable",
  severity: "warning",
  summary: "A function's body names something that is not among its parameters.",
  why:
    "The server does not check a body when it is created. The name then means a column of that name in the query that calls the function, or " +
    "fails it.",
  *check(subject: Subject): Iterable<Report> {
    const { spec } = subject;
    if (spec.kind !== "sqlFunction") return;
    const body = parseExpression(spec.expression);
    const names = body === undefined ? [] : columnsIn(body).map(({ parts }) => parts[0] ?? "");
    for (const name of new Set(names.filter((one) => !spec.parameters.includes(one)))) {
      const at = subject.atFirst(name);
      yield {
        message: `\`${name}\` is not a parameter of ${subject.name}.`,
        why: "It means a column of the query that calls the function.",
        fix: "Make it a parameter.",
        ...(at && { at }),
      };
    }
  },
};
