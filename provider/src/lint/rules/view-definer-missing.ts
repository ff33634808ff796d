import { quoteIdentifier } from "../../sql/identifiers";
import { keyNamed } from "../../sql/object-key";
import { definerOf } from "../around";
import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

export const viewDefinerMissing: Rule = {
  id: "view-definer-missing",
  severity: "error",
  summary: "A view runs with the rights of a user that does not exist.",
  why:
    "The server refuses such a view. One that exists fails once its definer is dropped (24.8), or stands for a hidden user that keeps the rights " +
    "of before (26): every SELECT, and for a materialized view every insert into its source.",
  refusal: "UNKNOWN_USER",
  *check(subject: Subject): Iterable<Report> {
    const definer = definerOf(subject.spec);
    if (definer === undefined) return;
    if (subject.catalog.stands?.(keyNamed("user", undefined, definer)) !== false) return;
    const at = subject.atFirst(quoteIdentifier(definer));
    yield {
      message: `${subject.name} runs with the rights of ${quoteIdentifier(definer)}, and there is no such user.`,
      why: "The server refuses it.",
      fix: "Declare the user and pass the resource, or correct the name.",
      ...(at && { at }),
    };
  },
};
