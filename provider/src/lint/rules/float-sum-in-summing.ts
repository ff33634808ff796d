import { nullableInner, unwrap } from "../../sql/query/types";
import type { Report, Rule } from "../finding";
import { summedColumns } from "../storage";
import type { Subject } from "../subject";

export const floatSumInSumming: Rule = {
  id: "float-sum-in-summing",
  severity: "info",
  summary: "A SummingMergeTree adds floating-point numbers up.",
  why:
    "The sum of floats depends on the order of merging, which differs from replica to replica and from day to " +
    "day: the last digits change, and a total " +
    "is not equal to the one computed from the source. Fine for measurements, not for money.",
  *check(subject: Subject): Iterable<Report> {
    const { layout } = subject;
    if (!layout?.own) return;
    const isFloat = (type: string | undefined): boolean =>
      /^B?Float/.test(nullableInner(type ?? "") ?? unwrap(type ?? ""));
    const floats = summedColumns(layout.storage, layout.columns).filter(({ type }) => isFloat(type));
    const [first] = floats;
    if (first === undefined) return;
    const at = subject.atColumn(first.name);
    yield {
      message:
        `${floats.map(({ name, type }) => `\`${name}\` (${type})`).join(", ")} of ${layout.name}: floats that are ` +
        "added up.",
      why: "The last digits of the sum depend on the order of merges.",
      fix: "Take Decimal or an integer of the smallest unit where totals must be exact; else leave it.",
      ...(at && { at }),
    };
  },
};
