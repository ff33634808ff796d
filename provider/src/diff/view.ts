import { renderSecurity } from "../sql/render/clauses";
import type { ColumnSpec, SecuritySpec, ViewSpec } from "../sql/spec";
import type { Change } from "./changes";
import { diffColumnComment } from "./columns";

/** All differences between two ordinary views, except names and comments. */
export function diffView(from: ViewSpec, to: ViewSpec): Change[] {
  const changes: Change[] = [];
  if (from.query !== to.query) {
    changes.push(Object.freeze({ kind: "query" as const, from: from.query, to: to.query }));
  }
  return [...changes, ...diffViewColumns(from.columns, to.columns), ...diffSecurity(from.security, to.security)];
}

/** Names and types of a view's columns, and separately their comments. A list that only one side has is ignored. */
export function diffViewColumns(from: readonly ColumnSpec[], to: readonly ColumnSpec[]): Change[] {
  if (from.length === 0 || to.length === 0) return [];
  if (columnsKey(from) !== columnsKey(to)) return [Object.freeze({ kind: "view-columns" as const, from, to })];
  return to.flatMap((column, index) => {
    const old = from[index];
    return old === undefined ? [] : diffColumnComment(old, column).map((change) => Object.freeze(change));
  });
}

/** Whose privileges the view uses. What `to` does not set stays as it is. */
export function diffSecurity(from: SecuritySpec | undefined, to: SecuritySpec | undefined): Change[] {
  const before = renderSecurity(from).trim();
  const after = renderSecurity(to).trim();
  return to === undefined || before === after
    ? []
    : [Object.freeze({ kind: "security" as const, from: before, to: after })];
}

function columnsKey(columns: readonly ColumnSpec[]): string {
  return columns.map(({ name, type }) => `${name}\0${type}`).join("\n");
}
