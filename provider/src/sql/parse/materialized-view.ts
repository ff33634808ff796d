import { atWords, type Cursor, fail, isAtEnd, takeString, takeWords } from "../cursor";
import type { MaterializedViewSpec, QualifiedName } from "../spec";
import { failLeftover, type TailDraft, takeComment, takeQualifiedName, takeQuery, takeSecurity } from "./clauses";
import { takeElements } from "./columns";
import { takeRefresh } from "./refresh";
import { finishStorage, type StorageDraft, takeStorageClause } from "./storage";
import { takeAliases } from "./view";

interface MaterializedViewDraft extends TailDraft {
  empty?: boolean;
  populate?: boolean;
}

/** Parses what follows the name of a materialized view. */
export function parseMaterializedView(cursor: Cursor, { database, name }: QualifiedName): MaterializedViewSpec {
  const refresh = takeWords(cursor, "REFRESH") ? takeRefresh(cursor) : undefined;
  const to = takeTarget(cursor);
  const { primaryKey, ...elements } = takeElements(cursor);
  takeAliases(cursor, elements.columns);
  const storage: StorageDraft = primaryKey === undefined ? {} : { primaryKey };
  const draft: MaterializedViewDraft = {};
  while (!isAtEnd(cursor)) takeClause(cursor, storage, draft, to);
  if (draft.query === undefined) throw failLeftover(cursor, "AS SELECT …");
  return {
    kind: "materializedView",
    database,
    name,
    ...(refresh !== undefined && { refresh }),
    ...(to && { to }),
    ...elements,
    ...(!to && { storage: finishStorage(storage) }),
    ...(draft.empty && { empty: true }),
    ...(draft.populate && { populate: true }),
    ...(draft.security && { security: draft.security }),
    ...(draft.comment !== undefined && { comment: draft.comment }),
    query: draft.query,
  };
}

/** Takes `TO database.name`. `TO INNER UUID` only says which inner table it is: the server assigns that. */
function takeTarget(cursor: Cursor): QualifiedName | undefined {
  if (takeWords(cursor, "TO", "INNER", "UUID")) takeString(cursor, "TO INNER UUID");
  return takeWords(cursor, "TO") ? takeQualifiedName(cursor, "target after TO") : undefined;
}

function takeClause(
  cursor: Cursor,
  storage: StorageDraft,
  draft: MaterializedViewDraft,
  to: QualifiedName | undefined,
): void {
  const start = { ...cursor };
  if (takeStorageClause(cursor, storage)) {
    if (to) throw fail(start, "Found storage clauses behind TO: write them at the target table, or leave out TO");
  } else if (takeWords(cursor, "EMPTY")) draft.empty = true;
  else if (takeWords(cursor, "POPULATE")) draft.populate = true;
  else if (takeWords(cursor, "AS")) takeQuery(cursor, draft);
  else if (atWords(cursor, "TO")) {
    throw fail(cursor, "Found TO too late: it belongs after the name (and REFRESH), before columns and DEFINER");
  } else if (!takeSecurity(cursor, draft) && !takeComment(cursor, draft)) {
    throw failLeftover(cursor, "TO, columns, storage clauses, DEFINER, SQL SECURITY, COMMENT or AS SELECT …");
  }
}
