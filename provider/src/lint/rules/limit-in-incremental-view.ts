import { type Limit, plainColumn } from "../../sql/query";
import type { Report, Rule } from "../finding";
import { engineOf, identifyingColumns } from "../storage";
import type { Subject } from "../subject";

export const limitInIncrementalView: Rule = {
  id: "limit-in-incremental-view",
  severity: "warning",
  summary: "An incremental view has LIMIT, LIMIT BY or OFFSET, which count within one insert.",
  why:
    "A view that inserts trigger sees the rows of each insert alone. The first ten rows, or the newest one of each " +
    "key, are chosen again for every insert, so the target gets as many as there are inserts, and what a large insert " +
    "has beyond the limit is lost.",
  *check(subject: Subject): Iterable<Report> {
    if (!subject.incremental) return;
    for (const limit of subject.triggered.flatMap(({ limits }) => limits)) {
      if (limit.by && isThinning(subject, limit.by)) continue;
      const words = limit.by ? `${limit.word} BY` : limit.word;
      const at = subject.at({ start: limit.start, text: limit.word });
      yield {
        message: `The view is incremental, and its query has ${words}.`,
        why: "It counts the rows of one insert: each insert stores that many again, and loses the rest.",
        fix: limit.by
          ? "Write TO a ReplacingMergeTree whose sorting key has these columns, and read FROM … FINAL; or make it a refreshable view."
          : `Put ${words} where the target is read, or make it a refreshable view.`,
        ...(at && { at }),
      };
    }
  },
};

/** One row per key of each insert is enough if merges keep only one row per key anyway. */
function isThinning({ layout, outputs }: Subject, by: NonNullable<Limit["by"]>): boolean {
  if (!layout || !/^(?:Replacing|Coalescing)MergeTree$/.test(engineOf(layout.storage).name)) return false;
  const counted = by.map((expression) => plainColumn(expression));
  const names = new Set(
    outputs
      .filter(
        ({ name, expression }) => counted.includes(name) || counted.includes(expression && plainColumn(expression)),
      )
      .map(({ name }) => name),
  );
  return [...identifyingColumns(layout.storage)].every((key) => names.has(key) || counted.includes(key));
}
