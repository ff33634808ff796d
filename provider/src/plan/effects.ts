import type { ColumnChange } from "../diff/changes";
import { keyElements } from "../diff/text";
import { quoteIdentifier, unquoteIdentifier } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import type { ColumnSpec, TableSpec } from "../sql/spec";
import { stores } from "./column-hazards";
import { classifyRetype } from "./retype";

/**
 * How the result of an expression for stored rows can change:
 * - `rezoned`: the time zone of a column changes. Its bytes stay and compare as before; functions of it return other values.
 * - `reread`: the same bytes are read as another type.
 * - `rewritten`: a mutation rewrites the column.
 * - `recomputed`: it is, was or becomes an ALIAS, and is computed in another way or from a column that changes.
 */
export type Effect = "rezoned" | "reread" | "rewritten" | "recomputed";

/** A changed column that an expression reads, directly or through aliases. */
export interface Touched {
  readonly column: string;
  readonly effect: Effect;
  /** A point in time before and after, in any zone: DateTime or DateTime64. */
  readonly isInstant?: boolean;
  /** For people: `at DateTime('UTC') → DateTime('Asia/Tokyo')`. */
  readonly what: string;
}

/** What changes in an expression, which uses the columns' new names. */
export type TouchedBy = (expression: string | undefined) => readonly Touched[];

/** The columns that an expression names directly: a word before a parenthesis is a function. */
export function columnsIn(expression: string): ReadonlySet<string> {
  const tokens = lex(expression);
  const names = new Set<string>();
  tokens.forEach((token, index) => {
    if (token.kind !== "word" && token.kind !== "quoted") return;
    if (token.kind === "word" && tokens[index + 1]?.text === "(") return;
    const name = unquoteIdentifier(token.text);
    names.add(name);
    // `n.a` may be a column of Nested or an element of a tuple.
    const before = tokens[index - 1]?.text === "." ? tokens[index - 2] : undefined;
    if (before !== undefined) names.add(`${unquoteIdentifier(before.text)}.${name}`);
  });
  return names;
}

/** Whether each element is a column and nothing else, so that only its bytes count. */
export function isPlain(expression: string, columns: readonly ColumnSpec[]): boolean {
  const names = new Set(columns.filter((column) => column.default?.kind !== "ALIAS").map(({ name }) => name));
  const quoted = new Set([...names].map(quoteIdentifier));
  return keyElements(expression).every((element) => names.has(element) || quoted.has(element));
}

/** How the changes of a table's columns affect any expression over them. */
export function effectsOf({ columns }: TableSpec, changes: readonly ColumnChange[]): TouchedBy {
  const byName = new Map(columns.map((column) => [column.name, column]));
  const direct = new Map<string, Touched>();
  for (const change of changes) {
    const touched = effectOf(change, byName);
    // A changed expression matters more than a changed type.
    if (touched && direct.get(touched.column)?.effect !== "recomputed") direct.set(touched.column, touched);
  }
  const known = new Map<string, readonly Touched[]>();
  const ofColumn = (name: string): readonly Touched[] => {
    const own = direct.get(name);
    if (own) return [own];
    const { default: value } = byName.get(name) ?? {};
    if (value?.kind !== "ALIAS") return [];
    // The engine refuses cyclic aliases, but ambiguous names could still make a cycle here.
    known.set(name, known.get(name) ?? []);
    return touchedBy(value.expression).map(({ what }) => ({ column: name, effect: "recomputed", what }));
  };
  const touchedBy = (expression: string | undefined): readonly Touched[] => {
    if (direct.size === 0 || expression === undefined) return [];
    return [...columnsIn(expression)].flatMap((name) => {
      const found = known.get(name) ?? ofColumn(name);
      known.set(name, found);
      return found;
    });
  };
  return touchedBy;
}

function effectOf(change: ColumnChange, columns: ReadonlyMap<string, ColumnSpec>): Touched | undefined {
  if (change.kind === "column-retyped") {
    const { name, from, to } = change;
    const what = `${name} ${from} → ${to}`;
    if (!stores(columns.get(name)?.default)) return { column: name, effect: "recomputed", what };
    const isInstant = [from, to].every((type) =>
      /^(?:Nullable\()?DateTime\b/.test(type.replace("DateTime64", "DateTime")),
    );
    const isSame = withoutZone(from) === withoutZone(to);
    const effect = isSame ? "rezoned" : classifyRetype(from, to).metadataOnly ? "reread" : "rewritten";
    return { column: name, effect, what, ...(isInstant && { isInstant }) };
  }
  if (change.kind !== "column-default") return undefined;
  const { name, from, to } = change;
  if (stores(from) && stores(to)) return undefined;
  return { column: name, effect: "recomputed", what: `${name} ${textOf(from)} → ${textOf(to)}` };
}

function textOf(value: ColumnSpec["default"]): string {
  return value === undefined ? "(stored)" : [value.kind, value.expression].filter(Boolean).join(" ");
}

/** The type as the engine compares types: two that differ only in the zone are equal. */
function withoutZone(type: string): string {
  return type.replace(/\bDateTime\('[^']*'\)/g, "DateTime").replace(/\bDateTime64\((\d), '[^']*'\)/g, "DateTime64($1)");
}
