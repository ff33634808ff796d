import { nullableInner } from "../../sql/query/types";
import type { Report, Rule } from "../finding";
import { keyElements } from "../storage";
import type { Subject } from "../subject";

const CLAUSES = { orderBy: "ORDER BY", partitionBy: "PARTITION BY" } as const;

export const nullableKey: Rule = {
  id: "nullable-key",
  severity: "warning",
  summary: "A sorting or partition key has a Nullable column.",
  why:
    "The engine refuses it unless allow_nullable_key is set (code 44). With it, NULLs sort last and conditions " +
    "on the column use the index less well, " +
    "and SummingMergeTree and the like treat all NULLs as one key.",
  refusal: "ILLEGAL_COLUMN",
  *check(subject: Subject): Iterable<Report> {
    const { layout } = subject;
    if (!layout?.own) return;
    for (const [field, clause] of Object.entries(CLAUSES)) {
      for (const { column } of keyElements(layout.storage[field as keyof typeof CLAUSES])) {
        const type = layout.columns.find(({ name }) => name === column)?.type;
        if (type === undefined || nullableInner(type) === undefined) continue;
        const at = subject.atClause(clause);
        yield {
          message: `${clause} has \`${column}\`, which is ${type}.`,
          why: "It needs allow_nullable_key, makes the index weaker, and all NULLs are one key where rows are merged.",
          fix: `Make it ${nullableInner(type)} with a default that means "none", or wrap it: ifNull(${column}, …).`,
          ...(at && { at }),
        };
      }
    }
  },
};
