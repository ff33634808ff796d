import { aggregateOf, columnsIn, comparisonsIn, type Expression, literalText } from "../../sql/query";
import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

/** Aggregates that are meaningless for a number that only grows. */
const MEANINGLESS = /^(?:avg|quantile|median|sum|stddev|var)/;
const AVERAGES = /^(?:avg|quantile|median|stddev|var)/;
/** Columns with such names hold running totals; `order_total` is an amount. */
const COUNTER_COLUMN = /(?:seconds|bytes|requests|errors|packets|calls|operations|events|messages|count)_total$/i;

export const counterAveraged: Rule = {
  id: "counter-averaged",
  severity: "warning",
  summary: "A counter, a number that only grows (`…_total`), is averaged or added up.",
  why:
    "By convention a metric named `…_total` is a running total since the process started. The mean of its " +
    "readings is half of what it is today, their " +
    "sum grows with the number of scrapes; what is wanted is the increase between readings.",
  *check(subject: Subject): Iterable<Report> {
    if (subject.spec.kind !== "materializedView" || !/_total\b/i.test(subject.spec.query)) return;
    for (const select of subject.selects) {
      const columns = new Set(select.from.flatMap((source) => subject.columnsOf(source)).map(({ name }) => name));
      const everywhere = [select.where, select.prewhere].flatMap((one) => (one ? counterNames(one) : []))[0];
      for (const { expression } of select.items) {
        for (const call of subject.callsOf(select, expression)) {
          const base = aggregateOf(call.name)?.base ?? "";
          const { combinators = [] } = aggregateOf(call.name) ?? {};
          const [value, ...conditions] = call.arguments;
          if (
            !MEANINGLESS.test(base) ||
            value === undefined ||
            combinators.includes("Merge") ||
            !isReading(value, columns)
          )
            continue;
          const named = combinators.includes("If") ? conditions.flatMap(counterNames)[0] : undefined;
          const counter = named ?? everywhere ?? (AVERAGES.test(base) ? counterColumn(value) : undefined);
          if (counter === undefined) continue;
          const at = subject.at({ start: call.start, text: call.name });
          yield report(call.name, counter, at);
        }
      }
    }
  },
};

function report(call: string, counter: string, at: Report["at"]): Report {
  return {
    message: `${call}() over the readings of \`${counter}\`, whose name says that it is a counter.`,
    why: "A counter only grows: means and sums of its readings depend on the uptime and on how often it is read.",
    fix:
      "Store argMin/argMax by time and max for each series and bucket, and take the increase when reading; or " +
      "rename it if it is a delta.",
    ...(at && { at }),
  };
}

/** Literals `…_total` with which a name is compared by `=`. */
function counterNames(condition: Expression): string[] {
  return comparisonsIn(condition).flatMap(({ left, operator, right }) => {
    const name = operator === "=" ? (literalText(right) ?? literalText(left)) : undefined;
    return name !== undefined && /[a-z]_total$/i.test(name) && columnsIn(condition).length > 0 ? [name] : [];
  });
}

function counterColumn(value: Expression): string | undefined {
  return columnsIn(value)
    .map(({ parts }) => parts.at(-1) ?? "")
    .find((name) => COUNTER_COLUMN.test(name));
}

/** A column of the table itself, not a condition counted as 0 and 1, nor something an inner query computed from the readings. */
function isReading(value: Expression, columns: ReadonlySet<string>): boolean {
  const named = columnsIn(value);
  return (
    comparisonsIn(value).length === 0 && named.length > 0 && named.every(({ parts }) => columns.has(parts.at(-1) ?? ""))
  );
}
