import { aggregateOf } from "../../sql/query";
import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

export const havingInIncrementalView: Rule = {
  id: "having-in-incremental-view",
  severity: "warning",
  summary: "An incremental view filters its groups by HAVING, which sees one insert at a time.",
  why:
    "A view that inserts trigger groups the rows of each insert alone. A group that passes the condition only over " +
    "several inserts is dropped each time, and what was dropped is never counted.",
  *check(subject: Subject): Iterable<Report> {
    if (!subject.incremental) return;
    for (const select of subject.triggered) {
      const { having } = select;
      if (having === undefined) continue;
      // A condition on only the keys acts like a WHERE.
      const call = subject.callsOf(select, having).find(({ name }) => aggregateOf(name));
      if (call === undefined) continue;
      const at = subject.at(having);
      yield {
        message: `The view is incremental, and HAVING tests ${call.name}().`,
        why: "The condition sees the rows of one insert: groups that reach it only over several inserts are lost.",
        fix: "Store every group, and filter when reading the target; or make it a refreshable view.",
        ...(at && { at }),
      };
    }
  },
};
