import { plainColumn } from "../../sql/query";
import type { Report, Rule } from "../finding";
import { engineOf, identifyingColumns, isMerging, isSummable, mergesByType } from "../storage";
import type { Subject } from "../subject";

export const groupByNotInKey: Rule = {
  id: "group-by-not-in-key",
  severity: "error",
  summary: "A view groups by a column that is not in the sorting key of the Summing- or AggregatingMergeTree it fills.",
  why:
    "The view makes one row for each group, but the table merges rows whose sorting keys are equal: groups that " +
    "differ only in this column flow " +
    "together. A number is even added up as if it were a measure.",
  *check(subject: Subject): Iterable<Report> {
    const { layout, select } = subject;
    if (subject.spec.kind !== "materializedView" || !layout || !select?.groupBy || !isMerging(layout.storage)) return;
    if (layout.storage.orderBy === undefined) return;
    const keys = identifyingColumns(layout.storage);
    const { name: engine } = engineOf(layout.storage);
    const groups = select.groupBy.expressions;
    for (const { name, expression } of subject.outputs) {
      const column = layout.columns.find((one) => one.name === name);
      if (!expression || keys.has(name) || mergesByType(column?.type)) continue;
      const isGrouped = groups.some((group) => group.text === expression.text || plainColumn(group) === name);
      // If the layout itself shows that the column is outside the key, `column-outside-key` reports it.
      const isSeenThere =
        layout.own && (engine === "AggregatingMergeTree" || (column?.type !== undefined && !isSummable(column.type)));
      if (!isGrouped || !column || isSeenThere) continue;
      const at = subject.at(expression);
      yield {
        message:
          `The view groups by \`${name}\`, which is not in the sorting key of ${layout.name} ` +
          `(${layout.storage.orderBy}).`,
        why:
          engine === "SummingMergeTree" && isSummable(column.type)
            ? "Groups that differ only in it are merged into one row, and its numbers are added up."
            : "Groups that differ only in it are merged into one row, counted under an arbitrary one of its values.",
        fix: "Add it to ORDER BY of the target (a new key is a rebuild), or leave it out of SELECT and GROUP BY.",
        ...(at && { at }),
      };
    }
  },
};
