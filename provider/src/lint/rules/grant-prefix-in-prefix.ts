import type { Phrase } from "../../sql/rights/parse";
import type { Report, Rule } from "../finding";
import { atRight, rightsOf } from "../rights";
import type { Subject } from "../subject";

export const grantPrefixInPrefix: Rule = {
  id: "grant-prefix-in-prefix",
  severity: "warning",
  summary: "A right on a prefix of names lies inside of a right on another prefix.",
  why:
    "Servers before 26 store such rights in a form that may take away a right on users, named collections or engines at their next restart, as soon as " +
    "the grantee has one. Where it has one already, the preview refuses it.",
  *check(subject: Subject): Iterable<Report> {
    const open = rightsOf(subject).filter(({ target }) => target.parts.some(({ open: is, text }) => is && text !== ""));
    for (const inner of open) {
      const outer = open.find((one) => one !== inner && isInside(inner, one));
      if (outer === undefined) continue;
      const at = atRight(subject, inner);
      yield {
        message: `${textOf(inner)} is a prefix inside of ${textOf(outer)}.`,
        why: "A server before 26 may lose a right on users, named collections or engines beside them at its next restart.",
        fix: "Name the databases or tables, or give the two to different roles.",
        ...(at && { at }),
      };
    }
  },
};

/** Whether all that one is about is part of what the other is about, and not the other way round. */
function isInside(inner: Phrase, outer: Phrase): boolean {
  const [a, b] = [inner.target.parts, outer.target.parts];
  if (a.length !== b.length) return false;
  const isPart = (index: number): boolean => {
    const [small, large] = [a[index], b[index]];
    if (small === undefined || large === undefined) return false;
    return large.open ? small.text.startsWith(large.text) : !small.open && small.text === large.text;
  };
  const isSame = textOf(inner) === textOf(outer);
  return !isSame && a.every((_, index) => isPart(index));
}

function textOf({ target }: Phrase): string {
  return target.parts.map(({ text, open }) => `${text}${open ? "*" : ""}`).join(".");
}
