import { quotedName } from "../../sql/object-key";
import { didYouMean } from "../../util/near";
import type { Report, Rule } from "../finding";
import { atRight, keyOfTarget, rightsOf } from "../rights";
import type { Subject } from "../subject";

export const columnGrantNotInTable: Rule = {
  id: "column-grant-not-in-table",
  severity: "warning",
  summary: "A right is about a column that the table does not have.",
  why: "The server takes any name. A column that is taken out by a wrong name stays readable, and rights do not follow a column that is renamed.",
  *check(subject: Subject): Iterable<Report> {
    for (const right of rightsOf(subject)) {
      const key = right.columns.length === 0 ? undefined : keyOfTarget(right);
      const table = key === undefined ? undefined : subject.catalog.find(key);
      if (key === undefined || table === undefined || !("columns" in table) || table.columns.length === 0) continue;
      const names = table.columns.map(({ name }) => name);
      const missing = right.columns.filter((column) => !names.includes(column) && !isInside(column, names));
      for (const column of missing) {
        const at = atRight(subject, right);
        yield {
          message: `${quotedName(key)} has no column ${column}${didYouMean(column, names)}.`,
          why: right.revoked ? "What was meant stays allowed." : "What was meant stays forbidden.",
          fix: "Correct the name.",
          ...(at && { at }),
        };
      }
    }
  },
};

/** An element of a Nested or a Tuple: `a.b`. */
function isInside(column: string, names: readonly string[]): boolean {
  return names.some((name) => column.startsWith(`${name}.`) || name.startsWith(`${column}.`));
}
