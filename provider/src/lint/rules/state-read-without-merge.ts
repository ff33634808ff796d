import { aggregateOf, callsIn, columnsIn, type Select } from "../../sql/query";
import { parseType } from "../../sql/query/types";
import type { ColumnSpec } from "../../sql/spec";
import type { Report, Rule } from "../finding";
import { engineOf, isMerging, summedColumns } from "../storage";
import type { Subject } from "../subject";

/** Functions that accept a state as such. */
const TAKES_STATE =
  /(?:Merge|^finalizeAggregation|^runningAccumulate|^bitmap\w+|^toTypeName|^isNull|^isNotNull|^hex)$/i;

export const stateReadWithoutMerge: Rule = {
  id: "state-read-without-merge",
  severity: "warning",
  summary: "A view hands out aggregate states, or sums that are not merged yet, as if they were values.",
  why:
    "A column AggregateFunction(…) holds a binary state, not a number; -Merge makes the value. And until parts " +
    "merge, a key has several rows in a " +
    "Summing- or AggregatingMergeTree: who reads without GROUP BY or FINAL sees some of them, and other ones tomorrow.",
  *check(subject: Subject): Iterable<Report> {
    if (subject.spec.kind !== "view") return;
    for (const select of subject.selects) {
      const [source, ...joined] = select.from;
      if (source === undefined || joined.length > 0) continue;
      const columns = subject.columnsOf(source);
      yield* states(subject, select, columns);
      const table =
        source.table?.database === undefined
          ? undefined
          : subject.find({ ...source.table, database: source.table.database });
      if (table?.kind === "table" && isMerging(table.storage) && !source.final && !isGrouped(select)) {
        yield* partials(
          subject,
          select,
          [
            ...columns.filter(({ type }) => type?.startsWith("SimpleAggregateFunction(")),
            ...summedColumns(table.storage, columns),
          ],
          engineOf(table.storage).name,
        );
      }
    }
  },
};

function* states(subject: Subject, select: Select, columns: readonly ColumnSpec[]): Iterable<Report> {
  for (const { expression } of select.items) {
    for (const { parts, within } of columnsIn(expression)) {
      const name = parts.at(-1) ?? "";
      const type = columns.find((column) => column.name === name)?.type;
      if (!type?.startsWith("AggregateFunction(") || within.some((call) => TAKES_STATE.test(aggregateMerge(call))))
        continue;
      const at = subject.at(expression);
      const base = /^\w+/.exec(parseType(type).args[0] ?? "")?.[0] ?? "f";
      yield {
        message: `\`${name}\` is read as it is, but holds the state of an aggregate: ${type}.`,
        why: "Readers get a binary state, one for each part that is not merged yet, instead of a value.",
        fix: `Read ${base}Merge(${name}) and group by the dimensions.`,
        ...(at && { at }),
      };
    }
  }
}

function* partials(subject: Subject, select: Select, columns: readonly ColumnSpec[], engine: string): Iterable<Report> {
  const item = select.items.find(({ expression }) =>
    columnsIn(expression).some(({ parts }) => columns.some(({ name }) => name === parts.at(-1))),
  );
  const column =
    item && columnsIn(item.expression).find(({ parts }) => columns.some(({ name }) => name === parts.at(-1)));
  if (item === undefined || column === undefined) return;
  const at = subject.at(item.expression);
  yield {
    message: `\`${column.parts.at(-1)}\` is read without GROUP BY or FINAL, and the table is of engine ${engine}.`,
    why: "Until parts merge, one key has several rows, each with a part of the sum.",
    fix: "Group by the key and merge the measures with their own function (sum, max, …), or read FROM … FINAL.",
    ...(at && { at }),
  };
}

function isGrouped({ groupBy, distinct, items }: Select): boolean {
  return (
    groupBy !== undefined ||
    distinct ||
    items.some(({ expression }) => callsIn(expression).some(({ name }) => aggregateOf(name)))
  );
}

/** `sumMergeState` and `sumMergeIf` also merge. */
function aggregateMerge(name: string): string {
  return aggregateOf(name)?.combinators.includes("Merge") ? "Merge" : name;
}
