import { type Cursor, isAtEnd, peek, splitAtCommas, takeGroup, takeWords } from "../cursor";
import type { ColumnSpec, QualifiedName, ViewSpec } from "../spec";
import { failLeftover, type TailDraft, takeComment, takeQuery, takeSecurity } from "./clauses";
import { takeElements } from "./columns";

/** Parses what follows the name of a view. */
export function parseView(cursor: Cursor, { database, name }: QualifiedName): ViewSpec {
  const { columns } = takeElements(cursor);
  takeAliases(cursor, columns);
  const draft: TailDraft = {};
  while (!isAtEnd(cursor)) {
    if (takeSecurity(cursor, draft) || takeComment(cursor, draft)) continue;
    if (!takeWords(cursor, "AS")) throw failLeftover(cursor, "columns, DEFINER, SQL SECURITY, COMMENT or AS SELECT …");
    takeQuery(cursor, draft);
  }
  if (draft.query === undefined) throw failLeftover(cursor, "AS SELECT …");
  return {
    kind: "view",
    database,
    name,
    columns,
    ...(draft.security && { security: draft.security }),
    ...(draft.comment !== undefined && { comment: draft.comment }),
    query: draft.query,
  };
}

/**
 * Drops the names that the engine prints after the columns of a view that was created as `v (a, b) AS …`. Its query has them
 * already (`1 AS a`), and the engine itself cannot read a statement that has both lists.
 */
export function takeAliases(cursor: Cursor, columns: readonly ColumnSpec[]): void {
  if (columns.length === 0 || peek(cursor)?.text !== "(") return;
  const ahead = { ...cursor };
  const parts = splitAtCommas(takeGroup(ahead, "the columns"));
  if (parts.every((part) => part.end - part.position === 1)) cursor.position = ahead.position;
}
