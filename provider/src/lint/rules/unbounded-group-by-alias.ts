import {
  type ColumnReference,
  columnsIn,
  type Expression,
  plainColumn,
  type Select,
  type SelectItem,
} from "../../sql/query";
import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

export const unboundedGroupByAlias: Rule = {
  id: "unbounded-group-by-alias",
  severity: "warning",
  summary: "An alias shadows a column of the table, and the name is used again in the same SELECT.",
  why:
    "In `toStartOfHour(ts) AS ts`, the name means the alias everywhere: WHERE ts > … filters the rounded value, " +
    "max(ts) is the start of the hour. " +
    "Where prefer_column_name_to_alias is set it means the column, and GROUP BY ts makes a group for every second.",
  *check(subject: Subject): Iterable<Report> {
    for (const select of subject.selects) {
      const columns = new Set(select.from.flatMap((source) => subject.columnsOf(source)).map(({ name }) => name));
      for (const item of select.items) {
        const { alias, expression } = item;
        if (
          alias === undefined ||
          !columns.has(alias) ||
          plainColumn(expression) === alias ||
          !reads(expression, alias)
        )
          continue;
        const use = otherUse(select, item, alias);
        if (use === undefined) continue;
        const at = subject.at(expression);
        yield {
          message: `\`${expression.text} AS ${alias}\` shadows the column \`${alias}\`, and ${use} uses the name.`,
          why:
            "There it means the alias, not the column; with prefer_column_name_to_alias = 1 it is the other way " +
            "round.",
          fix:
            `Give the alias a name of its own, or write the column with its table (t.${alias}) where the column ` +
            "is meant.",
          ...(at && { at }),
        };
      }
    }
  },
};

/** Other uses of the bare name, except in GROUP BY and ORDER BY, where the alias is meant. */
function otherUse({ items, where, prewhere, having }: Select, own: SelectItem, alias: string): string | undefined {
  if (where && reads(where, alias)) return "WHERE";
  if (prewhere && reads(prewhere, alias)) return "PREWHERE";
  if (having && reads(having, alias)) return "HAVING";
  const other = items.find((item) => item !== own && reads(item.expression, alias));
  return other && `\`${other.expression.text}\``;
}

function reads(expression: Expression, name: string): boolean {
  return columnsIn(expression).some(({ parts }: ColumnReference) => parts.length === 1 && parts[0] === name);
}
