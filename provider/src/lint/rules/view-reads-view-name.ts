import { keyOf, quotedName } from "../../sql/object-key";
import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

export const viewReadsViewName: Rule = {
  id: "view-reads-view-name",
  severity: "error",
  summary: "An incremental view reads FROM a view, which no insert ever reaches.",
  why:
    "Inserts trigger the views of the table they go to. A view's name is nobody's insert target: rows that a " +
    "materialized view writes reach its " +
    "target, and an ordinary view only computes. The view stays empty, without an error.",
  *check(subject: Subject): Iterable<Report> {
    const { incremental, source, trigger } = subject;
    if (!incremental || !source || !trigger || (source.kind !== "view" && source.kind !== "materializedView")) return;
    const name = quotedName(keyOf(source));
    const from = subject.selects.flatMap((select) => select.from).find(({ table }) => table?.name === trigger.name);
    const at = from && subject.at({ start: from.start, text: name });
    const to =
      source.kind === "materializedView" && source.to ? quotedName(keyOf({ ...source, ...source.to })) : undefined;
    yield {
      message:
        `The view is incremental and reads from ${name}, which is ` +
        `${source.kind === "view" ? "an ordinary view" : "a materialized view"}.`,
      why: "Nothing is ever inserted into a view's name, so this one gets no rows, without an error.",
      fix:
        to !== undefined
          ? `Read from its target ${to}; inserts that ${name} makes there trigger this view.`
          : source.kind === "view"
            ? "Read from the table behind it, and repeat its expressions here."
            : `Give ${name} a target table with TO, and read from that.`,
      ...(at && { at }),
    };
  },
};
