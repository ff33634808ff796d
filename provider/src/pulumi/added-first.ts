import { diffObject, planObject } from "../kinds/object";
import { keyOf } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import { renderCreate } from "../sql/render";
import type { ColumnSpec, TableSpec } from "../sql/spec";
import { namesOf } from "./both-names";
import type { Context } from "./context";
import type { Look } from "./current-state";
import { saidWith } from "./declared-readers";
import type { First } from "./first";
import { type Change, type Planned, planChange } from "./planning";
import { readsColumn } from "./reader-changes";

/**
 * Columns that a table gets in this run and that the new query of a reader needs, which is changed before what goes: they come before it.
 *
 * @returns undefined where the table is not one, or gets something else under a name that the query reads.
 */
export function addedFirst(
  { changes, from }: Pick<Planned, "changes" | "from">,
  query: string,
  to: Change["to"],
): readonly First[] | undefined {
  const { spec } = from;
  const added = changes.flatMap((change) =>
    change.kind === "column-added" && readsColumn(query, change.column.name) ? [change.column] : [],
  );
  if (added.length === 0) return [];
  if (spec.kind !== "table" || to.kind !== "table" || keyOf(spec) !== keyOf(to)) return undefined;
  return added.map((column) => {
    const wider = withColumn(spec, column, to);
    const { steps } = planObject(spec, wider, diffObject(spec, wider));
    const sql = steps.flatMap((step) => (step.kind === "statement" ? [step.sql] : [])).join(";\n");
    return {
      key: keyOf(spec),
      column: column.name,
      adds: column,
      from: undefined,
      isDone: async (now) => namesOf(now.statement).has(column.name),
      plan: { steps },
      shown: saidWith("-- first the column that readers need which are changed next:", [{ sql, hazards: [] }]),
    };
  });
}

/** The plan of a table once it has the columns that come first for its readers: as it will run. */
export async function plannedAfter(
  context: Context,
  planned: Planned,
  change: Change,
  first: readonly First[],
): Promise<Planned> {
  const { live } = planned;
  const adds = first.flatMap(({ adds, key }) => (adds !== undefined && key === live?.key ? [adds] : []));
  const spec = live && parseCreate(live.statement);
  if (live === undefined || spec?.kind !== "table" || change.to.kind !== "table" || adds.length === 0) return planned;
  const { to } = change;
  const wider = adds.reduce((table, column) => withColumn(table, column, to), spec);
  const own = context.lookFor(change.urn);
  const then: Look = async (key) =>
    key === live.key ? { asked: true, live: { ...live, statement: renderCreate(wider) } } : own(key);
  return planChange(context, then, change);
}

/** A table with one more column, in its declared place. */
function withColumn(table: TableSpec, column: ColumnSpec, { columns: declared }: TableSpec): TableSpec {
  const known = table.columns.map(({ name }) => name);
  const before = declared.slice(
    0,
    Math.max(
      0,
      declared.findIndex(({ name }) => name === column.name),
    ),
  );
  const neighbour = [...before].reverse().find(({ name }) => known.includes(name));
  const isDeclared = declared.some(
    ({ name, default: value }) => name === column.name && value?.kind === column.default?.kind,
  );
  const at = !isDeclared ? known.length : neighbour === undefined ? 0 : known.indexOf(neighbour.name) + 1;
  return { ...table, columns: [...table.columns.slice(0, at), column, ...table.columns.slice(at)] };
}
