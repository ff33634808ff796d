import { qualifiedName } from "../identifiers";
import type { ViewSpec } from "../spec";
import { renderComment, renderQuery, renderSecurity } from "./clauses";
import { renderElements } from "./columns";

/** `CREATE VIEW` in the engine's layout. */
export function renderView(view: ViewSpec): string {
  return [
    `CREATE VIEW ${qualifiedName(view)}`,
    renderElements(view),
    renderSecurity(view.security),
    renderComment(view.comment),
    renderQuery(view.query),
  ].join("");
}
