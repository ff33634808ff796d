import type { Change } from "../diff/changes";
import { backtick, unquoteIdentifier } from "../sql/identifiers";
import type { ColumnSpec } from "../sql/spec";
import { type Command, PHASE } from "./alter";

type Dropped = Extract<Change, { kind: "column-dropped" }>;

/** Whether a column is another name of one, and nothing else. */
export function isAliasOf({ default: alias }: ColumnSpec, column: string): boolean {
  return alias?.kind === "ALIAS" && unquoteIdentifier(alias.expression ?? "") === column;
}

/**
 * Whether a dropped column is the alias of one that is renamed to its name: what reads it, which was changed first, reads on.
 *
 * @param changes of the same table.
 */
export function isAliasOfRenamed(change: Change, changes: readonly Change[]): boolean {
  if (change.kind !== "column-dropped") return false;
  const { column } = change;
  return changes.some((one) => one.kind === "column-renamed" && one.to === column.name && isAliasOf(column, one.from));
}

/**
 * Gives way to the column in the ALTER that renames that: the server drops no column that a view reads, but renames it. Dropped afterwards,
 * when nothing reads it any more.
 */
export function giveWay({ column: { name } }: Dropped, taken: ReadonlySet<string>): Command[] {
  let away = `${name}__alias`;
  while (taken.has(away)) away += "_";
  return [
    { sql: `RENAME COLUMN ${backtick(name)} TO ${backtick(away)}` },
    { sql: `DROP COLUMN ${backtick(away)}`, phase: PHASE.after },
  ];
}
