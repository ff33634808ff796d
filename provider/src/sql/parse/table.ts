import {
  atWords,
  type Cursor,
  fail,
  isAtEnd,
  peek,
  sliceTokens,
  takeGroup,
  takeName,
  takeOperator,
  takeWords,
} from "../cursor";
import type { QualifiedName, TableSpec } from "../spec";
import { failLeftover, failUnqualified, isQueryAhead, type TailDraft, takeComment, takeQuery } from "./clauses";
import { takeElements } from "./columns";

import { finishStorage, type StorageDraft, takeStorageClause, takeTimeSeriesTargets } from "./storage";

interface TableDraft extends TailDraft {
  as?: NonNullable<TableSpec["as"]>;
  targets?: string;
  empty?: boolean;
}

/** Parses what follows the name of a table. */
export function parseTable(cursor: Cursor, { database, name }: QualifiedName): TableSpec {
  const { primaryKey, ...elements } = takeElements(cursor);
  const storage: StorageDraft = primaryKey === undefined ? {} : { primaryKey };
  const draft: TableDraft = {};
  while (!isAtEnd(cursor)) {
    if (takeStorageClause(cursor, storage) || takeComment(cursor, draft) || takeAs(cursor, draft)) continue;
    const targets = takeTimeSeriesTargets(cursor, storage);
    if (targets === undefined) throw failLeftover(cursor, "ENGINE or another storage clause, COMMENT or AS");
    draft.targets = targets;
  }
  if (draft.empty && draft.query === undefined)
    throw fail(cursor, "Found EMPTY without a query: expected EMPTY AS SELECT …");
  return {
    kind: "table",
    database,
    name,
    ...elements,
    storage: finishStorage(storage),
    ...(draft.targets !== undefined && { targets: draft.targets }),
    ...(draft.comment !== undefined && { comment: draft.comment }),
    ...(draft.as && { as: draft.as }),
    ...(draft.query !== undefined && { as: { text: draft.query, empty: draft.empty ?? false } }),
  };
}

/** Takes `AS …`, `EMPTY AS …` or `CLONE AS …`, if one comes next. */
function takeAs(cursor: Cursor, draft: TableDraft): boolean {
  // formatQuery prints COMMENT between EMPTY and AS.
  if (!draft.empty && takeWords(cursor, "EMPTY")) {
    draft.empty = true;
    return true;
  }
  const clone = atWords(cursor, "CLONE", "AS");
  if (!clone && !atWords(cursor, "AS")) return false;
  if (draft.as) throw fail(cursor, "Found a second AS: write one");
  cursor.position += clone ? 2 : 1;
  if (!clone && isQueryAhead(cursor)) takeQuery(cursor, draft);
  else draft.as = { text: takeSource(cursor), empty: false, ...(clone && { clone }) };
  return true;
}

/** The table or table function after AS. */
function takeSource(cursor: Cursor): string {
  const from = cursor.position;
  const first = takeName(cursor, "query, table or table function after AS");
  if (takeOperator(cursor, ".")) takeName(cursor, "table after AS");
  else if (peek(cursor)?.text === "(") takeGroup(cursor, "the table function");
  else throw failUnqualified({ ...cursor, position: from }, first, "table");
  return sliceTokens(cursor, from, cursor.position);
}
