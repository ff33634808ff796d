import { closest } from "fastest-levenshtein";
import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

export const viewOutputNotInTarget: Rule = {
  id: "view-output-not-in-target",
  severity: "error",
  summary: "A view's query gives a column that its target does not have.",
  why:
    "CREATE refuses it (code 8), but MODIFY QUERY and a renamed target column do not: the output is dropped " +
    "without an error and the column behind it " +
    "keeps its default from then on.",
  refusal: "THERE_IS_NO_COLUMN",
  *check(subject: Subject): Iterable<Report> {
    const { spec, layout } = subject;
    if (spec.kind !== "materializedView" || !spec.to || !layout || layout.columns.length === 0) return;
    const targets = layout.columns.map(({ name }) => name);
    for (const { name, expression } of subject.outputs) {
      if (targets.includes(name)) continue;
      const at = (expression && subject.at(expression)) ?? subject.atColumn(name);
      const free = targets.filter((target) => subject.outputs.every((output) => output.name !== target));
      yield {
        message: `The query gives \`${name}\`, and ${layout.name} has no such column.`,
        why: "CREATE is refused (code 8); a view that is altered in place drops the values silently.",
        fix:
          "Name it like a column of the target by " +
          `AS${free.length > 0 ? ` (perhaps \`${closest(name, free)}\`)` : ""}, or add the column there.`,
        ...(at && { at }),
      };
    }
  },
};
