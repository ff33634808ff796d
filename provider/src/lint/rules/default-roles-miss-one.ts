import { quoteIdentifier } from "../../sql/identifiers";
import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

export const defaultRolesMissOne: Rule = {
  id: "default-roles-miss-one",
  severity: "info",
  summary: "A user has a role with which its sessions do not begin.",
  why:
    "With a list of default roles, a role that is not in it does nothing until the session runs SET ROLE, which most clients never do. A role that " +
    "is granted later is not added to the list.",
  *check(subject: Subject): Iterable<Report> {
    const { spec } = subject;
    if (spec.kind !== "grants" || !Array.isArray(spec.defaultRoles)) return;
    const defaults: readonly string[] = spec.defaultRoles;
    for (const { role } of (spec.roles ?? []).filter((one) => !defaults.includes(one.role))) {
      const at = subject.atFirst(quoteIdentifier(role));
      yield {
        message: `${quoteIdentifier(role)} is not among the default roles of ${subject.name}.`,
        why: "A session begins without it.",
        fix: 'Add it to defaultRoles, or write defaultRoles: "all".',
        ...(at && { at }),
      };
    }
  },
};
