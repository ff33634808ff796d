import { atWords, type Cursor, fail, isAtEnd, takeWords } from "../cursor";
import type { DatabaseSpec, QualifiedName } from "../spec";
import { failLeftover, type TailDraft, takeComment } from "./clauses";
import { type StorageDraft, takeEngine, takeSettings } from "./storage";

/** Parses what follows the name of a database. */
export function parseDatabase(cursor: Cursor, { name }: QualifiedName): DatabaseSpec {
  const storage: StorageDraft = {};
  const tail: TailDraft = {};
  while (!isAtEnd(cursor)) {
    if (storage.engine === undefined && takeWords(cursor, "ENGINE")) storage.engine = takeEngine(cursor);
    else if (storage.settings === undefined && takeWords(cursor, "SETTINGS")) storage.settings = takeSettings(cursor);
    else if (atWords(cursor, "TABLE", "OVERRIDE")) {
      throw fail(cursor, "Found TABLE OVERRIDE: overrides are not managed, remove it");
    } else if (!takeComment(cursor, tail)) throw failLeftover(cursor, "ENGINE, SETTINGS or COMMENT once each");
  }
  return {
    kind: "database",
    name,
    ...(storage.engine !== undefined && { engine: storage.engine }),
    ...(storage.settings && { settings: storage.settings }),
    ...(tail.comment !== undefined && { comment: tail.comment }),
  };
}
