import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

export const windowInIncrementalView: Rule = {
  id: "window-in-incremental-view",
  severity: "warning",
  summary: "An incremental view calls a window function, whose window ends with the insert.",
  why:
    "A view that inserts trigger sees the rows of each insert alone. Ranks begin again with every insert, lag() of its " +
    "first row finds nothing, and running totals start at zero.",
  *check(subject: Subject): Iterable<Report> {
    if (!subject.incremental) return;
    for (const select of subject.triggered) {
      for (const { expression } of select.items) {
        const call = subject.callsOf(select, expression).find(({ window }) => window);
        if (call === undefined) continue;
        const at = subject.at(expression);
        yield {
          message: `The view is incremental, and calls the window function ${call.name}().`,
          why: "Its window holds the rows of one insert: the rows before it are not seen.",
          fix: "Compute it when reading the target, or make it a refreshable view.",
          ...(at && { at }),
        };
      }
    }
  },
};
