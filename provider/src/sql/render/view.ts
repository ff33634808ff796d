import { qualifiedName } from "../identifiers";
import type { ViewSpec } from "../spec";
import { renderBody, renderSecurity, type Words } from "./clauses";
import { renderElements } from "./columns";

/** `CREATE VIEW` in the engine's layout. */
export function renderView(view: ViewSpec, words: Words): string {
  return [
    `CREATE VIEW ${qualifiedName(view)}`,
    renderElements(view),
    renderSecurity(view.security),
    renderBody(view, words),
  ].join("");
}
