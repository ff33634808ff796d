import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

export const quotaOnEveryone: Rule = {
  id: "quota-on-everyone",
  severity: "warning",
  summary: "A quota limits every user, administrators and deployments included.",
  why:
    "The one who could raise the limit is stopped by it as well: DROP QUOTA counts as a query. A restart begins to count from zero, and nothing else helps " +
    "before the interval is over.",
  *check(subject: Subject): Iterable<Report> {
    const { spec } = subject;
    if (spec.kind !== "quota" || !spec.appliesTo.all || spec.appliesTo.names.length > 0) return;
    if (spec.intervals.every(({ max }) => Object.keys(max).length === 0)) return;
    const at = subject.atFirst("TO ALL") ?? subject.atName();
    yield {
      message: `${subject.name} limits everybody.`,
      why: "Who could lift it is stopped by it, too.",
      fix: 'Leave somebody out: to: { except: ["default"] }, with the names of administrators and of the user that deploys.',
      ...(at && { at }),
    };
  },
};
