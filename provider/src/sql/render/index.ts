import type { ObjectSpec } from "../spec";
import { NEWEST, type Words } from "./clauses";
import { renderDatabase } from "./database";
import { renderMaterializedView } from "./materialized-view";
import { renderTable } from "./table";
import { renderView } from "./view";

export { renderConstraint, renderIndex, renderProjection, renderSettings } from "./columns";

/**
 * The CREATE statement of a spec, in the layout of the engine's own SHOW CREATE: for canonical text,
 * `renderCreate(parseCreate(text))` is `text`.
 *
 * @param words of the server that is to run it, if that is an older one. Default: those of the embedded engine.
 */
export function renderCreate(spec: ObjectSpec, words: Words = NEWEST): string {
  switch (spec.kind) {
    case "database":
      return renderDatabase(spec);
    case "table":
      return renderTable(spec);
    case "view":
      return renderView(spec, words);
    case "materializedView":
      return renderMaterializedView(spec, words);
  }
}
