import { parseType, unwrap } from "../../sql/query/types";
import type { Report, Rule } from "../finding";
import { engineOf, keyElements } from "../storage";
import type { Subject } from "../subject";

const UNIQUE_NAME = /^id$|(?:^|_)(?:uu?id|trace_?id|span_?id|request_?id|event_?id|message_?id|session_?id)$/i;

export const highCardinalityLeadingKey: Rule = {
  id: "high-cardinality-leading-key",
  severity: "info",
  summary: "A sorting key begins with a nearly unique column, in front of one with few values.",
  why:
    "The sparse index narrows by the first columns. Behind a nearly unique one, no other column of the key " +
    "helps a query or the compression; queries by " +
    "the later columns read everything.",
  *check(subject: Subject): Iterable<Report> {
    const { layout } = subject;
    // If rows are merged by key, its order often follows a row's identity; the advice to put low-cardinality columns first still holds.
    if (
      !layout?.own ||
      !/^(?:Replacing|VersionedCollapsing|Collapsing|Summing|Aggregating)?MergeTree$/.test(
        engineOf(layout.storage).name,
      )
    )
      return;
    const elements = keyElements(layout.storage.orderBy);
    const typeOf = (column: string | undefined): string =>
      layout.columns.find(({ name }) => name === column)?.type ?? "";
    const [first, ...rest] = elements;
    if (first?.column === undefined || !isNearlyUnique(first.column, typeOf(first.column))) return;
    const few = rest.find(({ column }) => hasFewValues(typeOf(column)));
    if (few === undefined) return;
    const at = subject.atClause("ORDER BY");
    yield {
      message:
        `ORDER BY begins with \`${first.column}\` (${typeOf(first.column)}), in front of \`${few.column}\` ` +
        `(${typeOf(few.column)}).`,
      why: `Behind a nearly unique column, \`${few.column}\` neither narrows a query nor helps compression.`,
      fix:
        `Put columns with few values first: (${few.column}, …, ${first.column}), unless every query knows ` +
        `\`${first.column}\`.`,
      ...(at && { at }),
    };
  },
};

function isNearlyUnique(column: string, type: string): boolean {
  const { name } = parseType(unwrap(type));
  return name === "DateTime64" || (UNIQUE_NAME.test(column) && name !== "" && !hasFewValues(type));
}

function hasFewValues(type: string): boolean {
  return /^(?:LowCardinality|Enum8|Enum16|Bool)\b/.test(type);
}
