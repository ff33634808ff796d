import { withoutOuterBrackets } from "../sql/fragments";
import type { ObjectSpec } from "../sql/spec";
import { isStored } from "./stand-in";

/** What the engine adds from its own circumstances and the user did not say: not part of the declaration. */
export function withoutAdditions(shown: ObjectSpec, declared: ObjectSpec): ObjectSpec {
  if (shown.kind === "database" && declared.kind === "database" && declared.engine === undefined) {
    const { engine: _, ...rest } = shown;
    return rest;
  }
  if (
    (shown.kind === "view" || shown.kind === "materializedView") &&
    "query" in declared &&
    declared.security === undefined
  ) {
    const { security: _, ...rest } = shown;
    return rest;
  }
  return shown;
}

/** `ORDER BY (a)` and `ORDER BY a` are the same key; the engine keeps either spelling. */
export function withoutBrackets(shown: ObjectSpec): ObjectSpec {
  if (!isStored(shown) || shown.storage === undefined) return shown;
  const { orderBy, primaryKey, partitionBy, sampleBy } = shown.storage;
  const keys = Object.entries({ orderBy, primaryKey, partitionBy, sampleBy }).flatMap(([clause, text]) => {
    return text === undefined ? [] : [[clause, withoutOuterBrackets(text)]];
  });
  const plain = { ...shown.storage, ...Object.fromEntries(keys) };
  if (plain.primaryKey === undefined || plain.primaryKey !== plain.orderBy) return { ...shown, storage: plain };
  // The primary key is the sorting key unless said otherwise.
  const { primaryKey: _, ...rest } = plain;
  return { ...shown, storage: rest };
}
