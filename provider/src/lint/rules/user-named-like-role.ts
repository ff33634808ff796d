import { keyNamed } from "../../sql/object-key";
import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

export const userNamedLikeRole: Rule = {
  id: "user-named-like-role",
  severity: "warning",
  summary: "A user and a role have one name.",
  why: "Every GRANT … TO and every list of users and roles then means the user: nothing can be granted to the role any more, and no error says so.",
  *check(subject: Subject): Iterable<Report> {
    const { kind, name } = subject.spec;
    if (kind !== "user" && kind !== "role") return;
    const other = kind === "user" ? "role" : "user";
    if (subject.catalog.find(keyNamed(other, undefined, name)) === undefined) return;
    const at = subject.atName();
    yield {
      message: `There is a ${other} ${subject.name} as well.`,
      why: "GRANT … TO it means the user, and the role cannot be reached.",
      fix: "Give one of them another name.",
      ...(at && { at }),
    };
  },
};
