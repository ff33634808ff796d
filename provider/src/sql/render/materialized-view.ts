import { qualifiedName } from "../identifiers";
import type { MaterializedViewSpec } from "../spec";
import { renderBody, renderSecurity, type Words } from "./clauses";
import { renderElements } from "./columns";
import { renderStorage } from "./storage";

/** `CREATE MATERIALIZED VIEW` in the engine's layout. */
export function renderMaterializedView(view: MaterializedViewSpec, words: Words): string {
  return [
    `CREATE MATERIALIZED VIEW ${qualifiedName(view)}`,
    view.refresh === undefined ? "" : `\nREFRESH ${view.refresh}`,
    view.to ? ` TO ${qualifiedName(view.to)}` : "",
    renderElements(view),
    view.storage ? renderStorage(view.storage) : "",
    view.empty ? " EMPTY" : "",
    view.populate ? " POPULATE" : "",
    renderSecurity(view.security),
    renderBody(view, words),
  ].join("");
}
