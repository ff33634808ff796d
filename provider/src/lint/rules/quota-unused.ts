import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

export const quotaUnused: Rule = {
  id: "quota-unused",
  severity: "warning",
  summary: "A quota applies to nobody.",
  why: "It stands in the program as a limit and stops nobody: a quota is not inherited, only its own list says for whom it counts.",
  *check(subject: Subject): Iterable<Report> {
    const { spec } = subject;
    if (spec.kind !== "quota" || spec.appliesTo.all || spec.appliesTo.names.length > 0) return;
    const at = subject.atName();
    yield {
      message: `${subject.name} applies to nobody.`,
      why: "It limits and counts nothing.",
      fix: 'Say for whom it is: to: [reader], or to: { except: ["default"] }.',
      ...(at && { at }),
    };
  },
};
