import type { Change as ObjectChange } from "../diff";
import { isAliasOfRenamed } from "../plan/alias-renames";
import { unquoteIdentifier, unquoteString } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import type { ColumnSpec } from "../sql/spec";
import type { Change, Planned } from "./planning";

/** A column or parameter that is removed or changed, by the name that readers use. */
export interface Concerned {
  readonly name: string;
  /** The new type of a retyped one. */
  readonly type?: string | undefined;
  /** The new name of a renamed one. */
  readonly becomes?: string;
  readonly what:
    | "dropped"
    | "renamed"
    | "retyped"
    | "new parameter"
    | "parameter dropped"
    | "parameter retyped"
    /** A dictionary that no longer loads, so that everything that queries it fails. */
    | "not loaded";
}

/** How a change affects what others read. */
export function concernsOf({ changes, from }: Planned, { to }: Change): Concerned[] {
  if (to.kind === "table" || "attributes" in to)
    return changes.filter((one) => !isAliasOfRenamed(one, changes)).flatMap(concern);
  const before = from.spec;
  if (!("columns" in to) || before.kind !== to.kind) return [];
  const outputs = outputChanges(before.columns, to.columns);
  return before.kind === "view" ? [...outputs, ...parameterChanges(before.query, to.query)] : outputs;
}

/** Columns that a view no longer returns, or returns with another type. Nothing if either side does not list its columns. */
export function outputChanges(before: readonly ColumnSpec[], after: readonly ColumnSpec[]): Concerned[] {
  if (before.length === 0 || after.length === 0) return [];
  const now = new Map(after.map(({ name, type }) => [name, type]));
  return before.flatMap(({ name, type }): Concerned[] => {
    if (!now.has(name)) return [{ name, what: "dropped" }];
    return now.get(name) === type ? [] : [{ name, what: "retyped", type: now.get(name) }];
  });
}

function parameterChanges(before: string, after: string): Concerned[] {
  const [old, now] = [parametersOf(before), parametersOf(after)];
  const gone = [...old].flatMap(([name, type]): Concerned[] => {
    if (!now.has(name)) return [{ name, what: "parameter dropped" }];
    return now.get(name) === type ? [] : [{ name, what: "parameter retyped" }];
  });
  const added = [...now.keys()].filter((name) => !old.has(name));
  return [...gone, ...added.map((name): Concerned => ({ name, what: "new parameter" }))];
}

/** `{name:Type}` in a query: types by name. */
function parametersOf(query: string): Map<string, string> {
  const tokens = lex(query).filter(({ kind }) => kind !== "comment");
  const found = new Map<string, string>();
  tokens.forEach(({ text }, index) => {
    const [name, colon, type] = tokens.slice(index + 1, index + 4);
    if (text !== "{" || name === undefined || colon?.text !== ":" || type === undefined) return;
    const end = tokens.slice(index).find((token) => token.text === "}");
    found.set(unquoteIdentifier(name.text), query.slice(type.start, end?.start).trim());
  });
  return found;
}

export function isParameter(what: Concerned["what"]): boolean {
  return what.includes("parameter");
}

function concern(change: ObjectChange): Concerned[] {
  if (change.kind === "column-dropped") return [{ name: change.column.name, what: "dropped" }];
  if (change.kind === "column-renamed") return [{ name: change.from, what: "renamed", becomes: change.to }];
  return change.kind === "column-retyped" ? [{ name: change.name, what: "retyped", type: change.to }] : [];
}

/** Over-approximates: the embedded engine has the last word. A string may be the column that joinGet is asked for. */
export function readsColumn(statement: string, column: string): boolean {
  return lex(statement).some(({ kind, text }) => {
    if (kind === "string") return unquoteString(text) === column;
    return text === "*" || ((kind === "word" || kind === "quoted") && unquoteIdentifier(text) === column);
  });
}
