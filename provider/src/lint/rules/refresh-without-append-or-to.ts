import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

export const refreshWithoutAppendOrTo: Rule = {
  id: "refresh-without-append-or-to",
  severity: "warning",
  summary: "A refreshable view with neither APPEND nor TO replaces a hidden inner table at every refresh.",
  why:
    "Each refresh recomputes everything and swaps the hidden table: what the source no longer has is gone, " +
    "and no column, TTL or index can be added " +
    "without recreating the view.",
  *check(subject: Subject): Iterable<Report> {
    const { spec } = subject;
    if (spec.kind !== "materializedView" || spec.refresh === undefined || spec.to || /\bAPPEND\b/.test(spec.refresh))
      return;
    const at = subject.atClause("REFRESH");
    yield {
      message: "The view is refreshed without APPEND and without TO.",
      why:
        "Each refresh replaces all rows of a hidden inner table: what its source no longer has is gone from it as " +
        "well.",
      fix:
        "Declare the target as a table and write the view TO it; with APPEND (into a ReplacingMergeTree) if " +
        "history shall outlive the source.",
      ...(at && { at }),
    };
  },
};
