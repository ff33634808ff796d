import { aggregateOf, type Call, columnsIn, type Expression, plainColumn, type Select } from "../sql/query";
import { parseType } from "../sql/query/types";
import type { ColumnSpec, TableSpec } from "../sql/spec";
import { engineOf, identifyingColumns, summedColumns } from "./storage";

/**
 * What merges do with a column of a Summing- or AggregatingMergeTree: `"key"` distinguishes rows by it, `"state"` merges
 * aggregate states, anything else names the function that combines its values, e.g. `sum`.
 */
export type Roles = ReadonlyMap<string, string>;

/** Functions whose result grows with the number of rows, however many events each row represents. */
const COUNTS_ROWS =
  /^(?:count|avg|sumCount|quantiles?(?!\w*Weighted)\w*|groupArray|groupArraySample|topK|approx_top_k|entropy|(?:stddev|var|covar|corr|skew|kurt)\w*)$/;
const ADDS = /^(?:sum|sumWithOverflow|sumKahan)$/;
/** They change neither which rows are aggregated nor how: the state of a sum is a sum. */
const TRANSPARENT = new Set(["If", "State", "SimpleState", "OrNull", "OrDefault", "Null"]);
/** Engines whose merges remove rows. */
const REMOVES_ROWS = /^(?:Replacing|Collapsing|VersionedCollapsing|Coalescing)MergeTree$/;

/** Whether merges remove rows of this table, as those of ReplacingMergeTree do. */
export function removesRows(table: TableSpec): boolean {
  return REMOVES_ROWS.test(engineOf(table.storage).name);
}

/** Roles of the columns of a Summing- or AggregatingMergeTree. */
export function rolesOf({ storage, columns }: TableSpec): Roles {
  const keys = identifyingColumns(storage);
  const summed = new Set(summedColumns(storage, columns).map(({ name }) => name));
  const role = ({ name, type = "" }: ColumnSpec): string | undefined => {
    const { name: wrapper, args } = parseType(type);
    if (wrapper === "AggregateFunction") return "state";
    if (wrapper === "SimpleAggregateFunction") return functionName(args[0] ?? "");
    if (summed.has(name)) return "sum";
    return keys.has(name) ? "key" : undefined;
  };
  return new Map(columns.flatMap((column) => [[column.name, role(column)] as const]).filter(isKnown));
}

/** Roles of the columns that a SELECT without aggregation passes to the enclosing query. */
export function passedOn(select: Select, roles: Roles): Roles {
  if (select.items.some(({ expression }) => expression.text.trim() === "*")) return roles;
  const entries = select.items.map(({ name, expression }) => {
    const column = plainColumn(expression);
    return [name ?? "", column === undefined ? undefined : roles.get(column)] as const;
  });
  return new Map(entries.filter(isKnown));
}

/**
 * Why a call returns something else while the rows of a key are not yet merged into one.
 *
 * @returns the end of a sentence about the call; undefined if merging changes nothing, or that is unknown.
 */
export function mergeDependence(call: Call, roles: Roles): string | undefined {
  const found = aggregateOf(call.name);
  if (found === undefined || call.window || found.combinators.includes("Merge")) return undefined;
  const { values, condition } = argumentsOf(call);
  const unfinished = condition && measuresIn(condition, roles)[0];
  if (unfinished !== undefined) return `tests \`${unfinished}\`, of which a row may hold only a part`;
  const measures = values.flatMap((value) => measuresIn(value, roles));
  if (found.combinators.includes("Distinct") && measures.length === 0) return undefined;
  const isArray = found.combinators.some((one) => ["Array", "Map", "ForEach"].includes(one));
  if (COUNTS_ROWS.test(found.base) && !isArray) return "counts the partial rows, not what they stand for";
  if (ADDS.test(found.base) && measures.length === 0) return "adds one value for each partial row";
  if (/Weighted$/.test(found.base)) return undefined;
  return otherFunction(call, found.base, measures, roles);
}

/** Whether a call over a table whose merges remove rows counts rows that are gone, or will be; undefined if it does not. */
export function countsRemovedRows(call: Call, table: TableSpec): boolean {
  const found = aggregateOf(call.name);
  if (found === undefined || call.window || found.combinators.includes("Distinct")) return false;
  if (!COUNTS_ROWS.test(found.base) && !ADDS.test(found.base) && !/Weighted$/.test(found.base)) return false;
  const { name, args } = engineOf(table.storage);
  if (!name.endsWith("CollapsingMergeTree")) return true;
  // sum(sign) and sum(x * sign) undo what a row of the opposite sign added.
  const sign = args[0] ?? "";
  return !call.arguments.some((one) => columnsIn(one).some(({ parts }) => parts.at(-1) === sign.replaceAll("`", "")));
}

function otherFunction(call: Call, base: string, measures: readonly string[], roles: Roles): string | undefined {
  const wanted = functionName(call.name);
  const isByOrder = base === "argMax" || base === "argMin";
  const bad = measures.find((column) => {
    const role = roles.get(column) ?? "";
    if (role === "state" || role === wanted) return false;
    return isByOrder ? role === "sum" : !(isAny(role) && isAny(wanted));
  });
  if (bad === undefined) return undefined;
  return `reads \`${bad}\`, whose rows are combined by ${roles.get(bad)}(): until they are, each holds only a part`;
}

function isAny(name: string): boolean {
  return /^any(?:Last)?(?:_respect_nulls)?$/.test(name);
}

/** The function that a name denotes: `sumIfState` is `sum`, `groupUniqArrayArray` stays. */
function functionName(name: string): string {
  const { base, combinators } = aggregateOf(parseType(name).name) ?? { base: name, combinators: [] };
  return (ADDS.test(base) ? "sum" : base) + combinators.filter((one) => !TRANSPARENT.has(one)).join("");
}

function argumentsOf(call: Call): { values: readonly Expression[]; condition?: Expression } {
  const condition = aggregateOf(call.name)?.combinators.includes("If") ? call.arguments.at(-1) : undefined;
  return condition === undefined ? { values: call.arguments } : { values: call.arguments.slice(0, -1), condition };
}

/** The columns in an expression that merges combine. */
export function measuresIn(expression: Expression, roles: Roles): string[] {
  return columnsIn(expression)
    .map(({ parts }) => parts.at(-1) ?? "")
    .filter((name) => (roles.get(name) ?? "key") !== "key");
}

function isKnown(entry: readonly [string, string | undefined]): entry is [string, string] {
  return entry[1] !== undefined;
}
