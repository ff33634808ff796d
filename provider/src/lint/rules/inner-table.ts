import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

export const innerTable: Rule = {
  id: "inner-table",
  severity: "warning",
  summary: "An incremental view without TO keeps its rows in a hidden inner table.",
  why:
    "The rows lie in `.inner_id.<uuid>`: dropping or replacing the view drops them, no column can be added " +
    "(codes 48 and 16), and the usual queries " +
    "over system.parts and system.tables do not find them under the view's name.",
  *check(subject: Subject): Iterable<Report> {
    const { incremental } = subject;
    if (!incremental || incremental.to || incremental.storage?.engine?.startsWith("Null")) return;
    const at = subject.atName();
    yield {
      message: "The view has no TO: its rows are kept in a hidden inner table.",
      why:
        "Dropping the view drops them, a column cannot be added to it, and monitoring finds them only under " +
        "`.inner_id.<uuid>`.",
      fix: "Declare the target as a table of its own (engine, key, TTL) and write the view TO it.",
      ...(at && { at }),
    };
  },
};
