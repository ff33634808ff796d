import { isInMemory } from "../clickhouse/engines";
import type { ColumnChange } from "../diff/changes";
import { qualifiedName } from "../sql/identifiers";
import type { TableSpec } from "../sql/spec";
import { stores } from "./column-hazards";
import { hazard } from "./hazards";
import type { Statement } from "./plan";

/**
 * What writes the rows of a Memory table as they are read now, before a column of it changes. Measured on 24.8, 25.8 and 26.7: an ALTER leaves the
 * blocks as they were inserted, and every read converts them. A column that a block lacks is read as the initial value of its type, whatever
 * type that is by then, and its default is ignored; a column that was retyped is converted from the type that the block has, without what
 * was in between; a column of the name of a dropped one shows the dropped values, or makes the table unreadable. A DELETE writes all
 * columns of every block; UPDATE must not be used: it fails on blocks without the column, and gives blocks of another type a header that
 * nothing can read.
 */
export function storeFirst(from: TableSpec, to: TableSpec, changes: readonly ColumnChange[]): Statement[] {
  if (!isInMemory(from.storage.engine) || !changes.some(readsAnew)) return [];
  const table = qualifiedName(to);
  const message = `deletes nothing: the rows of ${table} are rewritten in memory as they are read now, so that the change keeps their values`;
  return [
    Object.freeze({
      kind: "statement" as const,
      sql: `ALTER TABLE ${table} ${WRITE_ANEW}`,
      hazards: [hazard("rewrites-parts", message)],
    }),
  ];
}

/** With the settings by which a profile could end it half way: 24.8 and 25.8 then keep what was written by that time. */
const WRITE_ANEW = "DELETE WHERE 0 SETTINGS max_execution_time = 0, timeout_overflow_mode = 'throw'";

function readsAnew(change: ColumnChange): boolean {
  switch (change.kind) {
    case "column-added":
      return stores(change.column.default);
    case "column-retyped":
      return true;
    case "column-default":
      return !stores(change.from) && stores(change.to);
    default:
      return false;
  }
}
