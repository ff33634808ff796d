import { columnsIn, parseExpression, plainColumn } from "../../sql/query";
import { nearest } from "../../util/near";
import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

const CLAUSES = {
  orderBy: "ORDER BY",
  primaryKey: "PRIMARY KEY",
  partitionBy: "PARTITION BY",
  sampleBy: "SAMPLE BY",
  ttl: "TTL",
} as const;
/** What these clauses contain besides columns. */
const WORDS =
  /^(?:DELETE|TO|DISK|VOLUME|RECOMPRESS|CODEC|GROUP|SET|IF|SECOND|MINUTE|HOUR|DAY|WEEK|MONTH|QUARTER|YEAR|_\w+)S?$/i;

export const keyNamesMissingColumn: Rule = {
  id: "key-names-missing-column",
  severity: "error",
  summary: "A key or TTL names a column that the object does not have.",
  why:
    "The engine refuses the statement (code 47). With an inner table the columns are the outputs of the SELECT, " +
    "so a column that was given " +
    "another name by AS must be in the key under that name.",
  refusal: "UNKNOWN_IDENTIFIER",
  *check(subject: Subject): Iterable<Report> {
    const { layout } = subject;
    if (!layout?.own || layout.columns.length === 0) return;
    const names = layout.columns.map(({ name }) => name);
    if (
      subject.spec.kind === "materializedView" &&
      subject.select?.items.some(({ name }) => name === undefined) &&
      subject.spec.columns.length === 0
    )
      return;
    for (const [field, clause] of Object.entries(CLAUSES)) {
      const text = layout.storage[field as keyof typeof CLAUSES];
      const expression = text === undefined || /\bGROUP BY\b|\bWHERE\b/i.test(text) ? undefined : parseExpression(text);
      for (const { parts } of expression === undefined ? [] : columnsIn(expression)) {
        const [name = ""] = parts;
        const isThere = names.some(
          (known) => known === parts.join(".") || known === name || known.startsWith(`${name}.`),
        );
        if (isThere || WORDS.test(name)) continue;
        const at = subject.atClause(clause);
        yield {
          message: `${clause} names \`${name}\`, which is no column of ${layout.name}.`,
          why: "The engine refuses the statement (code 47).",
          fix: `${suggestion(subject, name, names)}.`,
          ...(at && { at: { offset: at.offset, text: name } }),
        };
      }
    }
  },
};

function suggestion(subject: Subject, name: string, names: readonly string[]): string {
  const renamed = subject.outputs.find(({ expression }) => expression && plainColumn(expression) === name)?.name;
  if (renamed !== undefined) return `The SELECT calls it \`${renamed}\`: name that one in the key, or leave out the AS`;
  const near = nearest(name, names);
  return near !== undefined
    ? `Did you mean \`${near}\`? Else add the column`
    : `Add the column, or name one of ${names.map((one) => `\`${one}\``).join(", ")}`;
}
