import { sqlKindOf } from "../kinds";
import type { ObjectSpec } from "../spec";
import { NEWEST, type Words } from "./clauses";

export { renderConstraint, renderIndex, renderProjection, renderSettings } from "./columns";

/**
 * The CREATE statement of a spec, in the layout of the engine's own SHOW CREATE: for canonical text,
 * `renderCreate(parseCreate(text))` is `text`.
 *
 * @param words of the server that is to run it, if that is an older one. Default: those of the embedded engine.
 */
export function renderCreate(spec: ObjectSpec, words: Words = NEWEST): string {
  return sqlKindOf(spec.kind).render(spec, words);
}
