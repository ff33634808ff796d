import { comparisonsIn, type Expression, literalText, plainColumn, type Select } from "../../sql/query";
import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

/** Names that people give to materialized views. */
const VIEW_NAME = /(?:^|[_%.])(?:mv|matview|materialized_view)(?:[_%]|$)/i;
/** System tables whose rows are about stored data, with the column that holds the table's name. */
const ABOUT_DATA: Readonly<Record<string, string>> = {
  parts: "table",
  parts_columns: "table",
  columns: "table",
  tables: "name",
};

export const monitoringByViewName: Rule = {
  id: "monitoring-by-view-name",
  severity: "warning",
  summary: "A query looks for the data of materialized views under the views' names.",
  why:
    "A view's rows lie in the target of TO, or in `.inner_id.<uuid>`. system.parts has nothing under the view's " +
    "name, so the query is " +
    "empty forever, and total_rows in system.tables is NULL for every view with TO.",
  *check(subject: Subject): Iterable<Report> {
    for (const select of subject.selects) {
      const table = systemTable(select);
      const column = table === undefined ? undefined : ABOUT_DATA[table];
      const condition = column === undefined ? undefined : viewNameIn([select.where, select.prewhere], column);
      if (table === undefined || condition === undefined || !asksForData(table, select)) continue;
      const at = subject.at(condition);
      yield {
        message: `system.${table} is asked for the data of materialized views by their names (${condition.text}).`,
        why:
          table === "tables"
            ? "total_rows and total_bytes are NULL for a view with TO: its rows are in the target."
            : "Their rows are stored under the target's name, or `.inner_id.<uuid>`: nothing is ever found.",
        fix:
          "Ask for the targets by their own names; for inner tables, join system.tables ON concat('.inner_id.', " +
          "toString(uuid)) = table.",
        ...(at && { at }),
      };
    }
  },
};

/** The table of `system`, if it is the only one that a SELECT reads. */
export function systemTable({ from }: Select): string | undefined {
  const [source, ...others] = from;
  return others.length === 0 && source?.table?.database === "system" ? source.table.name : undefined;
}

function viewNameIn(conditions: readonly (Expression | undefined)[], column: string): Expression | undefined {
  const comparisons = conditions.flatMap((condition) => (condition === undefined ? [] : comparisonsIn(condition)));
  return comparisons.find(
    ({ left, operator, right }) =>
      ["=", "LIKE", "ILIKE"].includes(operator) &&
      plainColumn(left) === column &&
      VIEW_NAME.test((literalText(right) ?? "").replaceAll("\\", "")),
  )?.right;
}

/** system.tables also lists which views exist, and querying that is fine. */
function asksForData(table: string, { items }: Select): boolean {
  return table !== "tables" || items.some(({ expression }) => /\btotal_(?:rows|bytes)/.test(expression.text));
}
