import { callsIn, columnsIn } from "../../sql/query";
import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";
import { systemTable } from "./monitoring-by-view-name";

export const partsWithoutActive: Rule = {
  id: "parts-without-active",
  severity: "warning",
  summary: "A query sums system.parts without `active`, so parts that are merged away count as well.",
  why:
    "After a merge the old parts stay in system.parts for some minutes, inactive. Sums over all of them count " +
    "rows and bytes twice and more: 19,112 " +
    "rows were shown where 6,475 were live.",
  *check(subject: Subject): Iterable<Report> {
    for (const select of subject.selects) {
      const table = systemTable(select);
      if (table !== "parts" && table !== "parts_columns") continue;
      const conditions = [select.where, select.prewhere, select.having, ...select.items.map((item) => item.expression)];
      const asksForActive = [...conditions, ...(select.groupBy?.expressions ?? [])].some(
        (expression) => expression && columnsIn(expression).some(({ parts }) => parts.at(-1) === "active"),
      );
      const sum = select.items.find(({ expression }) =>
        callsIn(expression).some(({ name }) => /^(?:sum|count)$/i.test(name)),
      );
      if (asksForActive || sum === undefined) continue;
      const at = subject.at(sum.expression);
      yield {
        message: `${sum.expression.text} is taken over all rows of system.${table}, without \`active\`.`,
        why: "Parts that are merged away stay there for minutes and are counted as well.",
        fix: "Add WHERE active.",
        ...(at && { at }),
      };
    }
  },
};
