import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

export const profileWithoutLimits: Rule = {
  id: "profile-without-limits",
  severity: "info",
  summary: "A settings profile has neither settings nor parents.",
  why: "It changes nothing for those who inherit it, and its name suggests that it does.",
  *check(subject: Subject): Iterable<Report> {
    const { spec } = subject;
    if (spec.kind !== "settingsProfile" || spec.limits.length > 0 || spec.profiles.length > 0) return;
    const at = subject.atName();
    yield {
      message: `${subject.name} has no settings.`,
      why: "Who inherits it is limited by nothing.",
      fix: "Give it settings, or remove it.",
      ...(at && { at }),
    };
  },
};
