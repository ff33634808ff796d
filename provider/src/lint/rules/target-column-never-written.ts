import type { Report, Rule } from "../finding";
import { mergesByType } from "../storage";
import type { Subject } from "../subject";

export const targetColumnNeverWritten: Rule = {
  id: "target-column-never-written",
  severity: "warning",
  summary: "The target of a view has a column without a default that the view does not write.",
  why:
    "Every row of this view holds 0, '' or NULL there. Most often an alias is misspelled or missing: MODIFY QUERY " +
    "accepts that without an error.",
  *check(subject: Subject): Iterable<Report> {
    const { spec, layout, outputs } = subject;
    if (spec.kind !== "materializedView" || !spec.to || !layout || outputs.length === 0) return;
    const isWritten = (name: string): boolean =>
      outputs.some((output) => output.name === name || output.name.startsWith(`${name}.`));
    // Other views of the target may fill a column that merges.
    const missing = layout.columns.filter(
      ({ name, type, default: value }) => value === undefined && !mergesByType(type) && !isWritten(name),
    );
    if (missing.length === 0) return;
    const names = missing.map(({ name }) => `\`${name}\``).join(", ");
    const at = subject.atName();
    yield {
      message:
        `The view does not write ${names} of ${layout.name}, which ${missing.length === 1 ? "has" : "have"} no ` +
        "default.",
      why: "Every row of this view holds 0, '' or NULL there.",
      fix: "Select it under that name, give it a DEFAULT if that is meant, or drop the column.",
      ...(at && { at }),
    };
  },
};
