import { aggregateOf, callsIn, comparisonsIn, type Expression, type Select } from "../../sql/query";
import type { Report, Rule } from "../finding";
import { engineOf, identifyingColumns, isSummable, mergesByType, summedColumns } from "../storage";
import type { Output, Subject } from "../subject";

/** Aggregates that add up to the result of one run over all rows. */
const ADDITIVE = new Set([
  "sum",
  "count",
  "sumWithOverflow",
  "sumKahan",
  "sumMap",
  "sumMapWithOverflow",
  "sumMappedArrays",
  "deltaSum",
]);
/** Aggregates for which the value of one arbitrary row is as good as any other's. */
const ARBITRARY = new Set([
  "any",
  "anyLast",
  "anyHeavy",
  "any_respect_nulls",
  "anyLast_respect_nulls",
  "singleValueOrNull",
]);

export const nonAdditiveAggregateInSumming: Rule = {
  id: "non-additive-aggregate-in-summing",
  severity: "error",
  summary:
    "A SummingMergeTree column is fed by an aggregate that cannot be added up: avg, min, max, quantile, any, uniq.",
  why:
    "An incremental view computes the aggregate for each inserted block; when parts merge, SummingMergeTree " +
    "adds the results up. Averages, extremes, " +
    "quantiles and distinct counts become sums of themselves, more wrong with every insert, and no error says so.",
  *check(subject: Subject): Iterable<Report> {
    const { layout, select, incremental } = subject;
    if (!incremental || !select?.groupBy || !layout || engineOf(layout.storage).name !== "SummingMergeTree") return;
    const keys = identifyingColumns(layout.storage);
    const summed = new Set(summedColumns(layout.storage, layout.columns).map(({ name }) => name));
    for (const output of subject.outputs) {
      const column = layout.columns.find(({ name }) => name === output.name);
      if (!output.expression || !column || keys.has(output.name) || mergesByType(column.type)) continue;
      const bad = nonAdditive(subject, select, output.expression);
      if (bad === undefined) continue;
      // Without types, the function's result decides: these return numbers whatever their arguments.
      const isSummed =
        column.type === undefined ? /^(?:avg|quantile|uniq|median|\/)/.test(bad) : summed.has(output.name);
      if (!isSummed && (ARBITRARY.has(bad) || column.type === undefined)) continue;
      yield report(
        subject,
        output,
        bad,
        isSummed && (column.type === undefined || isSummable(column.type)),
        layout.name,
      );
    }
  },
};

/** The first aggregate in the expression that does not add up, or `/` for a quotient of aggregates. */
function nonAdditive(subject: Subject, select: Select, expression: Expression): string | undefined {
  const aggregates = subject.callsOf(select, expression).filter(({ name, window }) => !window && aggregateOf(name));
  for (const { name } of aggregates) {
    const { base = "", combinators = [] } = aggregateOf(name) ?? {};
    if (combinators.some((one) => ["State", "SimpleState", "Merge"].includes(one))) continue;
    if (!ADDITIVE.has(base) || combinators.includes("Distinct")) return base;
  }
  const isRatio =
    aggregates.length > 1 && /\/|\bdivide\(/.test(expression.text) && comparisonsIn(expression).length === 0;
  return isRatio && callsIn(expression).filter(({ name }) => aggregateOf(name)).length > 1 ? "/" : undefined;
}

function report(
  subject: Subject,
  { name, expression }: Output,
  bad: string,
  isSummed: boolean,
  target: string,
): Report {
  const at = expression && subject.at(expression);
  const what = bad === "/" ? "a quotient of aggregates" : `${bad}()`;
  return {
    message: `\`${name}\` is ${what}, and ${target} is a SummingMergeTree.`,
    why: isSummed
      ? "Each insert stores a value of its own and merges add these up, so it grows with the number of inserts."
      : "Each insert stores a value of its own and merges keep an arbitrary one of them.",
    fix: `${remedy(bad, name)}, in an AggregatingMergeTree.`,
    ...(at && { at }),
  };
}

function remedy(bad: string, name: string): string {
  if (bad === "avg" || bad === "avgWeighted" || bad === "/")
    return "Store the sums and the count, and divide when reading";
  if (["min", "max", "any", "anyLast", "groupBitAnd", "groupBitOr", "groupBitXor"].includes(bad)) {
    return `Declare \`${name}\` as SimpleAggregateFunction(${bad}, …)`;
  }
  return `Store ${bad}State(…) in a column AggregateFunction(${bad}, …) and read it with ${bad}Merge`;
}
