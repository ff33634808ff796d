import { sourcesOf } from "../lineage/sources";
import { triggerOf } from "../lineage/trigger";
import { keyParts, objectKey } from "../sql/object-key";
import {
  columnsIn,
  type Expression,
  elementsOf,
  parseExpression,
  parseQuery,
  plainColumn,
  type Query,
} from "../sql/query";
import type { ColumnSpec, MaterializedViewSpec, ObjectSpec, StorageSpec } from "../sql/spec";

/** A date or time column, and where its range can be found without reading rows. */
export interface TimeColumn {
  readonly name: string;
  readonly type: string;
  /** `parts`: `system.parts` has its range; `index`: the engine knows it without reading rows; `none`: the column has to be read. */
  readonly range: "parts" | "index" | "none";
}

/** How a view computes its bucket. */
export interface BucketSource {
  /** Expression over {@link BucketSource.column} alone; absent if none was found. */
  readonly expression?: string;
  /** Time column of the source. */
  readonly column: string;
}

const TIME = /^(?:Nullable\()?(?:LowCardinality\()?(?:Date|Date32|DateTime|DateTime64)\b/;
/** How many renamings of a column are followed. */
const LONGEST_CHAIN = 8;

/** Keys of what a view reads: for an incremental view, the table whose inserts trigger it; for a refreshable one, everything. */
export function sourceKeys(view: MaterializedViewSpec, declared: ReadonlySet<string>): string[] {
  const all = [...sourcesOf(view, declared)].sort();
  if (view.refresh !== undefined) return all;
  const trigger = triggerOf(view.query);
  // If the query cannot be parsed, all sources are shown.
  return trigger === undefined ? all : [objectKey(trigger.database, trigger.name)];
}

/** The column with the time of a table's rows: from its partition key, else from its sorting key, else its only time column. */
export function timeColumn(columns: readonly ColumnSpec[], storage: StorageSpec | undefined): TimeColumn | undefined {
  const times = columns.filter(({ type, default: by }) => TIME.test(type ?? "") && by?.kind !== "ALIAS");
  const partition = namesIn(storage?.partitionBy);
  const sorting = keyColumns(storage?.orderBy);
  const chosen =
    times.find(({ name }) => partition.includes(name)) ??
    times.find(({ name }) => sorting.includes(name)) ??
    (times.length === 1 ? times[0] : undefined);
  return chosen && describeTime(chosen, columns, storage);
}

/** The named column, if it is a date or time. */
export function namedTime(
  columns: readonly ColumnSpec[],
  storage: StorageSpec | undefined,
  name: string,
): TimeColumn | undefined {
  const column = columns.find((one) => one.name === name);
  return column && TIME.test(column.type ?? "") ? describeTime(column, columns, storage) : undefined;
}

function describeTime(
  { name, type = "" }: ColumnSpec,
  columns: readonly ColumnSpec[],
  storage: StorageSpec | undefined,
): TimeColumn {
  const partition = new Set(namesIn(storage?.partitionBy));
  const times = columns.filter((column) => partition.has(column.name) && TIME.test(column.type ?? ""));
  // The range in system.parts does not tell which of several columns it belongs to.
  if (partition.has(name)) return { name, type, range: times.length === 1 ? "parts" : "index" };
  return { name, type, range: keyColumns(storage?.orderBy)[0] === name ? "index" : "none" };
}

function namesIn(text: string | undefined): string[] {
  const expression = parseExpression(text ?? "");
  return expression === undefined ? [] : columnsIn(expression).map(({ parts }) => parts.at(-1) ?? "");
}

/** Elements of a sorting key that are columns; an empty string for each other element. */
function keyColumns(text: string | undefined): string[] {
  const expression = parseExpression(text ?? "");
  return expression === undefined ? [] : elementsOf(expression).map((element) => plainColumn(element) ?? "");
}

/**
 * Follows the bucket's name through a view's query to a time column of its source.
 *
 * @returns undefined when no expression of that name is based on exactly one column of `source`.
 */
export function bucketSource(
  view: MaterializedViewSpec,
  bucket: string,
  source: readonly ColumnSpec[],
): BucketSource | undefined {
  const query = parseQuery(view.query);
  if (query === undefined) return undefined;
  const named = namedExpressions(query);
  let name = bucket;
  for (let step = 0; step < LONGEST_CHAIN; step++) {
    for (const expression of named.get(name) ?? []) {
      const columns = new Set(columnsIn(expression).map(({ parts }) => parts.at(-1) ?? ""));
      const [column, ...rest] = [...columns].filter((one) => source.some((own) => own.name === one));
      if (column === undefined || rest.length > 0 || columns.size > 1) continue;
      if (namedTime(source, undefined, column) !== undefined) return { column, expression: unqualified(expression) };
    }
    const [next] = (named.get(name) ?? []).map(plainColumn).filter((one) => one !== undefined && one !== name);
    if (next === undefined) return undefined;
    name = next;
  }
  return undefined;
}

/** The expression with `t.a` as `a`: it is used in a separate query. */
function unqualified(expression: Expression): string {
  const [first] = columnsIn(expression);
  if (first === undefined || first.parts.length < 2) return expression.text;
  const own = plainColumn(expression);
  return own === undefined ? expression.text.replaceAll(/(?:[\w$]+|`[^`]+`)\.(?=[\w$`])/g, "") : own;
}

/** All expressions of a query by their aliases, including those in subqueries, outer ones first. */
function namedExpressions(query: Query): Map<string, Expression[]> {
  const found = new Map<string, Expression[]>();
  const add = (name: string | undefined, expression: Expression | undefined): void => {
    if (name !== undefined && expression !== undefined) found.set(name, [...(found.get(name) ?? []), expression]);
  };
  const visit = ({ selects }: Query): void => {
    for (const select of selects) {
      for (const { name, expression } of [...select.items, ...select.with]) add(name, expression);
      for (const inner of [...select.from, ...select.with]) if (inner.query !== undefined) visit(inner.query);
    }
  };
  visit(query);
  return found;
}

/** The table a view writes to: the one after `TO`, or its inner table by the engine's name for it. */
export function targetKey(view: MaterializedViewSpec, uuid: string): string {
  if (view.to !== undefined) return objectKey(view.to.database, view.to.name);
  const byName = /^0{8}-/.test(uuid);
  return objectKey(view.database, byName ? `.inner.${view.name}` : `.inner_id.${uuid}`);
}

/** `database.name` of a key, for display. */
export function shownName(key: string): string {
  const { database, name } = keyParts(key);
  return name === undefined ? database : `${database}.${name}`;
}

/** Columns and storage that a spec declares; none for a database. */
export function layoutOf(spec: ObjectSpec | undefined): { columns: readonly ColumnSpec[]; storage?: StorageSpec } {
  if (spec === undefined || !("columns" in spec)) return { columns: [] };
  const storage = "storage" in spec ? spec.storage : undefined;
  return { columns: spec.columns, ...(storage !== undefined && { storage }) };
}
