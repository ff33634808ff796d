import { aggregateOf, columnsIn, type Expression, unwrapped } from "../../sql/query";
import type { Report, Rule } from "../finding";
import { engineOf, summedColumns } from "../storage";
import type { Subject } from "../subject";

export const zeroRowsDropped: Rule = {
  id: "zero-rows-dropped",
  severity: "warning",
  summary: "SummingMergeTree drops rows whose sums are all zero, and this view can write them.",
  why:
    "When all summed columns of a row are 0 after a merge, the row goes. Keys with nothing but zeros, or sums " +
    "that cancel out, vanish from lists and " +
    "counts; a count() among the columns keeps them.",
  *check(subject: Subject): Iterable<Report> {
    const { layout, incremental } = subject;
    if (!incremental || !layout || engineOf(layout.storage).name !== "SummingMergeTree") return;
    const summed = summedColumns(layout.storage, layout.columns).map(({ name }) => name);
    const fed = subject.outputs.filter(({ name }) => summed.includes(name));
    // States and columns of nested maps keep a row as well; a column whose input is unknown may hold anything.
    const hasOther = layout.columns.some(
      ({ name, type }) => /AggregateFunction\(/.test(type ?? "") || /Map(?:\.|$)/.test(name),
    );
    if (fed.length === 0 || hasOther || !fed.every(({ expression }) => expression && mayBeZero(expression))) return;
    if (fed.some(({ expression }) => expression && addsSums(subject, expression))) return;
    const [first] = fed;
    const names = fed.map(({ name }) => `\`${name}\``).join(", ");
    const at = first?.expression && subject.at(first.expression);
    yield {
      message: `All summed columns of ${layout.name} may be 0 in a row: ${names}.`,
      why: "SummingMergeTree drops such rows when it merges, so keys disappear.",
      fix: "Add count() as a column, or use an AggregatingMergeTree with SimpleAggregateFunction(sum, …).",
      ...(at && { at }),
    };
  },
};

/** In a cascade of SummingMergeTrees, the first has already dropped rows of zeros, or has none. */
function addsSums({ source }: Subject, expression: Expression): boolean {
  if (source?.kind !== "table") return false;
  const sums = summedColumns(source.storage, source.columns).map(({ name }) => name);
  return columnsIn(expression).some(({ parts }) => sums.includes(parts.at(-1) ?? ""));
}

/** `count()` of a group is never 0, and neither is a literal; sums and conditions may be. */
function mayBeZero(expression: Expression): boolean {
  const { text } = unwrapped(expression);
  if (/^(?:to\w+\(|CAST\()?\s*[1-9]\d*\b/.test(text)) return false;
  const call = /^(?:to\w+\()?(\w+)\(/.exec(text);
  const aggregate = aggregateOf(call?.[1] ?? "");
  if (aggregate === undefined) return false;
  const isCount =
    aggregate.base === "count" && !aggregate.combinators.includes("If") && /count\w*\((?:\*|1)?\)/i.test(text);
  return !isCount && !/^(?:to\w+\()?sum\(\s*[1-9]\d*\s*\)/.test(text);
}
