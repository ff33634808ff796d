import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

export const userFromAnywhere: Rule = {
  id: "user-from-anywhere",
  severity: "warning",
  summary: "A user can log in from any address.",
  why:
    "Anyone who learns the password can use it from wherever the server can be reached. A list of networks costs nothing, and is checked before " +
    "the password is.",
  *check(subject: Subject): Iterable<Report> {
    const { spec } = subject;
    if (spec.kind !== "user" || spec.hosts[0] !== "ANY") return;
    const at = subject.atName();
    yield {
      message: `${subject.name} can log in from any address.`,
      why: "A password that leaks is then enough.",
      fix: 'List where its clients are: hosts: { ip: ["10.0.0.0/8"] }.',
      ...(at && { at }),
    };
  },
};
