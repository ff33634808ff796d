import { decimal, integer, nullableInner, parseType, unwrap } from "../../sql/query/types";
import type { ColumnSpec } from "../../sql/spec";
import type { Report, Rule } from "../finding";
import { summedColumns } from "../storage";
import type { Subject } from "../subject";

export const sumOverflowsColumn: Rule = {
  id: "sum-overflows-column",
  severity: "warning",
  summary: "Merges add values up in a type that is too small for sums.",
  why:
    "SummingMergeTree and SimpleAggregateFunction(sumWithOverflow, …) add values up in the column's own type. What does " +
    "not fit wraps around: 200 + 100 in a UInt8 is 44 after the merge, and nothing says so.",
  *check(subject: Subject): Iterable<Report> {
    const { layout } = subject;
    if (!layout?.own) return;
    const added = [...summedColumns(layout.storage, layout.columns), ...layout.columns.filter(addsWithOverflow)];
    for (const { name, type = "" } of added) {
      const limit = limitOf(nullableInner(type) ?? unwrap(type));
      if (limit === undefined) continue;
      const at = subject.atColumn(name);
      yield {
        message: `\`${name}\` of ${layout.name} is added up as ${type}, which holds ${limit.most} at most.`,
        why: "A larger sum wraps around when parts merge.",
        fix: `Declare it as ${limit.wider}.`,
        // Bytes and the like reach billions, counts seldom do.
        ...(limit.isWide && { severity: "info" as const }),
        ...(at && { at }),
      };
    }
  },
};

function addsWithOverflow({ type = "" }: ColumnSpec): boolean {
  const { name, args } = parseType(type);
  return name === "SimpleAggregateFunction" && args[0] === "sumWithOverflow";
}

function limitOf(type: string): { most: string; wider: string; isWide: boolean } | undefined {
  const whole = integer(type);
  if (whole !== undefined) {
    if (whole.bits > 32) return undefined;
    const most = 2 ** (whole.signed ? whole.bits - 1 : whole.bits) - 1;
    const wider = whole.signed ? "Int64" : "UInt64";
    return { most: most.toLocaleString("en-US"), wider, isWide: whole.bits === 32 };
  }
  const fixed = decimal(type);
  if (fixed === undefined || fixed.whole + fixed.scale > 9) return undefined;
  const most = (10 ** fixed.whole - 10 ** -fixed.scale).toLocaleString("en-US", { maximumFractionDigits: fixed.scale });
  return { most, wider: `Decimal(38, ${fixed.scale})`, isWide: fixed.whole > 6 };
}
