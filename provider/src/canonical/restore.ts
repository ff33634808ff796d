import { isQuery } from "../sql/fragments";
import type { ObjectSpec } from "../sql/spec";
import type { LocalEquivalent } from "./outside";
import { isStored, restore } from "./stand-in";

/**
 * The canonical form of `declared`, derived from the canonical form of its stand-in of any kind.
 *
 * @param declared as the user wrote it, in the formatter's spelling.
 * @param canonical the stand-in, as the engine shows it.
 */
export function restoreOutside(declared: ObjectSpec, standIn: LocalEquivalent, canonical: ObjectSpec): ObjectSpec {
  const stored =
    isStored(declared) && isStored(standIn) && isStored(canonical) ? restore(declared, standIn, canonical) : canonical;
  if (stored.kind === "table" && declared.kind === "table") {
    // After AS, the engine only keeps table functions.
    const { as: _, ...rest } = stored;
    const isFunction = declared.as !== undefined && !isQuery(declared.as.text) && declared.as.text.includes("(");
    return isFunction ? { ...rest, as: declared.as } : rest;
  }
  const hasQuery = "query" in stored && "query" in declared && "query" in standIn;
  return hasQuery ? { ...stored, query: declared.query } : stored;
}
