import { Definition } from "../sql/definition";
import { quoteIdentifier } from "../sql/identifiers";
import { keyOf, objectKey, quotedName } from "../sql/object-key";
import type { ObjectSpec, TableSpec } from "../sql/spec";
import type { Declared, First } from "./first";
import type { Concerned } from "./reader-changes";

/** A column under its new name as well, which costs nothing and is not part of `SELECT *`. */
export function aliasFirst(table: TableSpec, { name, becomes = "" }: Concerned): First {
  const { type = "" } = table.columns.find((column) => column.name === name) ?? {};
  const label = quotedName(keyOf(table));
  const sql = `ALTER TABLE ${label} ADD COLUMN IF NOT EXISTS ${quoteIdentifier(becomes)} ${type} ALIAS ${quoteIdentifier(name)}`;
  return {
    key: keyOf(table),
    column: becomes,
    adds: { name: becomes, type, default: { kind: "ALIAS", expression: quoteIdentifier(name) } },
    from: undefined,
    isDone: async (now) => namesOf(now.statement).has(becomes),
    plan: { steps: [{ kind: "statement", sql, hazards: [] }] },
    shown: [
      {
        sql: `-- first under both names, until what reads it is changed; the rename takes the alias back:\n${sql}`,
        hazards: [],
      },
    ],
  };
}

/**
 * The query of a view whose target's columns this run renames, too, in whatever order: it writes them under both names until its own row.
 *
 * @returns undefined where its target renames nothing that it writes.
 */
export function alsoUnderOldNames(to: ObjectSpec, told: Declared): string | undefined {
  if (to.kind !== "materializedView" || to.to === undefined) return undefined;
  const written = new Set(to.columns.map(({ name }) => name));
  const renamed = told.get(objectKey(to.to.database, to.to.name))?.options.renamedColumns ?? {};
  const pairs = Object.entries(renamed).filter(([name, old]) => written.has(name) && !written.has(old));
  if (pairs.length === 0) return undefined;
  const both = pairs.map(([name, old]) => `${quoteIdentifier(name)} AS ${quoteIdentifier(old)}`);
  return `SELECT *, ${both.join(", ")} FROM (${to.query})`;
}

/** Columns of an object, as its statement lists them. */
export function namesOf(statement: string): ReadonlySet<string> {
  const { spec } = Definition.read(statement);
  return new Set("columns" in spec ? spec.columns.map(({ name }) => name) : []);
}
