import type { Report, Rule } from "../finding";
import { atRight, isEverywhere, rightsOf } from "../rights";
import type { Subject } from "../subject";

const WIDE: ReadonlySet<string> = new Set(["ALL", "ACCESS MANAGEMENT", "SOURCES", "READ, WRITE"]);

export const grantsAll: Rule = {
  id: "grants-all",
  severity: "warning",
  summary:
    "Somebody gets everything, access control, or all outside sources on the whole server, or may pass on what is for the whole server.",
  why:
    "ALL and ACCESS MANAGEMENT let a user make itself and others anything. READ or WRITE on every source reads and writes files of the server and " +
    "whatever its network reaches.",
  *check(subject: Subject): Iterable<Report> {
    const seen = new Set<string>();
    for (const right of rightsOf(subject)) {
      const { privilege, option, revoked, line } = right;
      if (revoked || seen.has(line) || !isEverywhere(right)) continue;
      const name = privilege.toUpperCase();
      const isSource = ["READ", "WRITE"].includes(name);
      if (!WIDE.has(name) && !isSource && !option) continue;
      seen.add(line);
      const at = atRight(subject, right);
      yield {
        message: `${subject.name} may ${line}.`,
        why: isSource
          ? "It reaches files of the server, and what its network reaches."
          : option && !WIDE.has(name)
            ? "It can give that to anybody."
            : "It can make itself and others anything.",
        fix: "Name the databases, tables, objects or sources that it needs, without WITH GRANT OPTION.",
        ...(at && { at }),
      };
    }
  },
};
