import type { Report, Rule } from "../finding";
import { engineOf, identifyingColumns, isMerging } from "../storage";
import type { Subject } from "../subject";

export const distinctInIncrementalView: Rule = {
  id: "distinct-in-incremental-view",
  severity: "warning",
  summary: "An incremental view selects DISTINCT rows, which are distinct within one insert only.",
  why:
    "A view that inserts trigger sees the rows of each insert alone. The same row comes again with the next insert, and " +
    "a plain MergeTree keeps both, so counts over the target grow with the number of inserts.",
  *check(subject: Subject): Iterable<Report> {
    if (!subject.incremental) return;
    for (const select of subject.triggered) {
      if (!select.distinct || isMadeDistinct(subject)) continue;
      const at = subject.at({ start: select.start, text: "SELECT" });
      yield {
        message: "The view is incremental, and selects DISTINCT rows.",
        why: "They are distinct within one insert: the target gets the same row again from the next insert.",
        fix: "Write TO a ReplacingMergeTree whose sorting key has all columns, and read FROM … FINAL or GROUP BY.",
        ...(at && { at }),
      };
    }
  },
};

/** Whether merges combine equal rows into one. */
function isMadeDistinct({ layout, outputs }: Subject): boolean {
  // If the target is unknown, stay silent.
  if (!layout) return true;
  if (/^(?:Replacing|Coalescing)MergeTree$/.test(engineOf(layout.storage).name)) return true;
  const keys = identifyingColumns(layout.storage);
  return isMerging(layout.storage) && outputs.every(({ name }) => keys.has(name));
}
