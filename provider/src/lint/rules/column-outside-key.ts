import { aggregateOf, callsIn } from "../../sql/query";
import type { ColumnSpec } from "../../sql/spec";
import type { Report, Rule, Severity } from "../finding";
import { columnsOf, engineOf, identifyingColumns, isMerging, isSummable, mergesByType } from "../storage";
import type { Layout, Subject } from "../subject";

export const columnOutsideKey: Rule = {
  id: "column-outside-key",
  severity: "error",
  summary: "A column of a Summing- or AggregatingMergeTree is neither in the sorting key nor aggregated.",
  why:
    "Rows with equal sorting keys become one row. Such a column keeps the value of an arbitrary one of them, " +
    "and the sums of the others are booked " +
    "to it. AggregatingMergeTree refuses it since 26.x (code 36), SummingMergeTree takes it silently. A warning " +
    "where only one of several " +
    "values is kept on purpose (any) or where nobody says whether they differ; an info where the setting for it " +
    "is given.",
  refusal: "BAD_ARGUMENTS",
  *check(subject: Subject): Iterable<Report> {
    const { layout } = subject;
    if (!layout?.own || !isMerging(layout.storage) || layout.storage.orderBy === undefined) return;
    const bySeverity = new Map<Severity, ColumnSpec[]>();
    for (const column of outside(subject, layout)) {
      const severity = severityOf(subject, layout, column.name);
      bySeverity.set(severity, [...(bySeverity.get(severity) ?? []), column]);
    }
    for (const [severity, columns] of bySeverity) yield report(subject, layout, columns, severity);
  },
};

function outside(subject: Subject, layout: Layout): ColumnSpec[] {
  const keys = identifyingColumns(layout.storage);
  // A key that names a missing column has to be fixed first.
  const isKnown = (name: string): boolean =>
    layout.columns.some((column) => name === column.name || name.startsWith(`${column.name}.`));
  if (!columnsOf(layout.storage.orderBy).every(isKnown)) return [];
  const { name: engine } = engineOf(layout.storage);
  return layout.columns.filter((column) => {
    if (keys.has(column.name) || mergesByType(column.type) || isComputed(column)) return false;
    if (column.type === undefined) return engine === "AggregatingMergeTree" && isNoState(subject, column.name);
    return engine === "AggregatingMergeTree" || !(isSummable(column.type) || isMapOfSums(column));
  });
}

/** A table alone does not say whether values within a key differ; a view that groups by the column does. */
function severityOf({ spec, outputs }: Subject, { storage }: Layout, name: string): Severity {
  if (
    storage.settings.some((setting) => setting.name === "allow_dimensions_outside_sorting_key" && setting.value === "1")
  ) {
    return "info";
  }
  if (engineOf(storage).name === "AggregatingMergeTree") return "error";
  if (spec.kind !== "materializedView") return "warning";
  const expression = outputs.find((output) => output.name === name)?.expression;
  return expression && callsIn(expression).some((call) => aggregateOf(call.name)) ? "warning" : "error";
}

function report(subject: Subject, layout: Layout, columns: readonly ColumnSpec[], severity: Severity): Report {
  const names = columns.map(({ name }) => `\`${name}\``).join(", ");
  const [first] = columns;
  const expression = subject.outputs.find(({ name }) => name === first?.name)?.expression;
  const at = subject.atColumn(first?.name ?? "") ?? (expression && subject.at(expression));
  const type = columns.length === 1 ? (first?.type ?? "T") : "T";
  return {
    message:
      `${names} of ${layout.name} (${engineOf(layout.storage).name}) ${columns.length === 1 ? "is" : "are"} ` +
      "neither in the sorting key nor aggregated.",
    why: "Rows with equal keys are merged into one, which keeps an arbitrary value and is counted under that value.",
    fix:
      `A dimension belongs into ORDER BY; for one value of many, declare SimpleAggregateFunction(any, ${type}) ` +
      "in an AggregatingMergeTree.",
    severity,
    ...(at && { at }),
  };
}

/** Without types only this is certain: an AggregatingMergeTree column that is not fed by a state. */
function isNoState(subject: Subject, name: string): boolean {
  const expression = subject.outputs.find((output) => output.name === name)?.expression;
  const isState = (call: string): boolean => aggregateOf(call)?.combinators.some((one) => /State$/.test(one)) === true;
  return expression !== undefined && !callsIn(expression).some((call) => isState(call.name));
}

function isComputed({ default: value }: ColumnSpec): boolean {
  return value?.kind === "ALIAS" || value?.kind === "EPHEMERAL" || value?.kind === "MATERIALIZED";
}

/** `….…Map` columns are added up by key. */
function isMapOfSums({ name, type }: ColumnSpec): boolean {
  return /Map(?:\.|$)/.test(name) && /^(?:Array|Nested|Tuple|Map)\(/.test(type ?? "");
}
