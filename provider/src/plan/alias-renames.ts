import type { Change } from "../diff/changes";
import { backtick, unquoteIdentifier } from "../sql/identifiers";
import { type Command, PHASE } from "./alter";

type Dropped = Extract<Change, { kind: "column-dropped" }>;

/**
 * Whether a dropped column is the alias of one that is renamed to its name: what reads it, which was changed first, reads on.
 *
 * @param changes of the same table.
 */
export function isAliasOfRenamed(change: Change, changes: readonly Change[]): boolean {
  if (change.kind !== "column-dropped" || change.column.default?.kind !== "ALIAS") return false;
  const { name, default: alias } = change.column;
  return changes.some(
    (one) => one.kind === "column-renamed" && one.to === name && unquoteIdentifier(alias.expression ?? "") === one.from,
  );
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
