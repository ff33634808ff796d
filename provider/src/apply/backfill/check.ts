import { engineOf } from "../../clickhouse/merge-tree";
import { SchemaError } from "../../errors";
import { splitArguments } from "../../sql/fragments";
import { backtick, qualifiedName } from "../../sql/identifiers";
import type { ColumnSpec } from "../../sql/spec";
import type { BackfillContext } from "./context";
import { DEFAULT_MEMORY } from "./options";

/** An aggregate that can only grow, or only fall, as rows are added. */
interface Measure {
  readonly name: string;
  /** Expression over the column of a group. */
  readonly value: string;
  /** Whether more rows can make it smaller. */
  readonly falls: boolean;
}

/**
 * Runs before the old rows of a target are replaced: the recomputed rows must contain every key of the old ones, and no value may have
 * shrunk: fewer rows, a smaller count or maximum. Where one has, the source has lost rows (TTL, DROP PARTITION, DELETE) that are still part
 * of the target.
 *
 * Values that neither only grow nor only fall (sums of signed numbers, quantiles, `any`) cannot be checked this way; their keys and the
 * counts are.
 *
 * @throws {SchemaError} with the number of keys and an example; nothing was changed.
 */
export async function checkCoverage(context: BackfillContext): Promise<void> {
  const { names, plan, runner } = context;
  const { keys, measures, stored } = comparison(context);
  const since = plan.since === undefined ? "" : ` WHERE ${plan.since}`;
  const side = (table: string, old: 0 | 1): string =>
    `SELECT ${stored.join(", ")}, ${old} AS _schema_old FROM ${table}${since}`;
  const columns = measures.flatMap(({ name, value }) => [
    `${value.replace("@", "_schema_old = 1")} AS ${backtick(`_schema_o_${name}`)}`,
    `${value.replace("@", "_schema_old = 0")} AS ${backtick(`_schema_n_${name}`)}`,
  ]);
  const less = measures.map(({ falls, name }) => {
    const [before, now] = [backtick(`_schema_o_${name}`), backtick(`_schema_n_${name}`)];
    return falls ? `${now} > ${before}` : `${now} < ${before}`;
  });
  const { maxMemory = DEFAULT_MEMORY } = context.limits;
  const key = keys.length === 0 ? "tuple()" : `tuple(${keys.join(", ")})`;
  const row = await runner.one<{ gone: string; less: string; example: string }>(
    `SELECT toString(countIf(NOT _schema_has_new)) AS gone, toString(countIf(_schema_has_new AND (${less.join(" OR ") || "0"}))) AS less, ` +
      `toString(anyIf(_schema_key, NOT _schema_has_new OR (${less.join(" OR ") || "0"}))) AS example FROM (` +
      `SELECT ${key} AS _schema_key, countIf(_schema_old = 1) > 0 AS _schema_has_old, countIf(_schema_old = 0) > 0 AS _schema_has_new` +
      `${columns.map((column) => `, ${column}`).join("")} FROM (${side(qualifiedName(names.before), 1)} UNION ALL ${side(qualifiedName(names.stage), 0)}) ` +
      `GROUP BY _schema_key) WHERE _schema_has_old SETTINGS max_memory_usage = ${maxMemory}, max_bytes_before_external_group_by = ${Math.floor(maxMemory / 2)}, max_execution_time = 0, final = 0`,
  );
  if (row.gone !== "0" || row.less !== "0") throw missing(context, row);
}

function missing(
  { names, plan, runner }: BackfillContext,
  row: { gone: string; less: string; example: string },
): SchemaError {
  return new SchemaError(
    "loses-rows",
    `${qualifiedName(names.target)}: computed from the rows that its sources have now, ${row.gone} of its keys would disappear and ${row.less} would have smaller values ` +
      `(for example ${row.example.slice(0, 200)}). Rows have left a source (TTL, DROP PARTITION, DELETE), or somebody else writes to the target. Nothing was changed. ` +
      `Abort operation ${runner.operation}, and give ${plan.since === undefined ? "the time" : "a later time"} since when the sources have all rows (--from); older ` +
      "buckets then stay as they are.",
  );
}

function comparison({ layout }: BackfillContext): { keys: string[]; measures: Measure[]; stored: string[] } {
  const engine = engineOf(layout.storage);
  const columns = layout.columns.filter(({ default: value }) => value?.kind !== "ALIAS" && value?.kind !== "EPHEMERAL");
  const stored = columns.map(({ name }) => backtick(name));
  if (engine.base === "MergeTree") {
    // Plain rows: compare every column that can be grouped by.
    const grouped = columns.filter(({ type }) => !/\b(?:AggregateFunction|JSON|Dynamic|Variant)\b/.test(type ?? ""));
    const rows: Measure = { name: "rows", value: "countIf(@)", falls: false };
    return { stored, keys: grouped.map(({ name }) => backtick(name)), measures: [rows] };
  }
  const order = layout.storage.orderBy ?? "";
  const keys = order === "" || order === "tuple()" ? [] : splitArguments(inner(order));
  return { stored, keys, measures: columns.flatMap((column) => measureOf(column, engine.base, engine.arguments)) };
}

function inner(order: string): string {
  return order.startsWith("(") && order.endsWith(")") ? order.slice(1, -1) : order;
}

function measureOf({ name, type = "" }: ColumnSpec, base: string, summed: readonly string[]): Measure[] {
  const column = backtick(name);
  const simple = /^SimpleAggregateFunction\((\w+), ?(.*)\)$/.exec(type);
  if (simple) {
    const [, called, of = ""] = simple;
    if (called === "max") return [{ name, value: `maxIf(${column}, @)`, falls: false }];
    if (called === "min") return [{ name, value: `minIf(${column}, @)`, falls: true }];
    return called === "sum" && isUnsigned(of) ? [{ name, value: `sumIf(${column}, @)`, falls: false }] : [];
  }
  const state = /^AggregateFunction\((\w+)(?:, ?(.*))?\)$/.exec(type);
  if (state) {
    const [, called = "", of = ""] = state;
    const grows =
      /^(?:count(?:If)?|uniqExact(?:If)?|max(?:If)?)$/.test(called) || (/^sum(?:If)?$/.test(called) && isUnsigned(of));
    if (grows) return [{ name, value: `${called}MergeIf(${column}, @)`, falls: false }];
    return /^min(?:If)?$/.test(called) ? [{ name, value: `${called}MergeIf(${column}, @)`, falls: true }] : [];
  }
  const isSummed =
    base === "SummingMergeTree" && isUnsigned(type) && (summed.length === 0 || summed.join(" ").includes(name));
  return isSummed ? [{ name, value: `sumIf(${column}, @)`, falls: false }] : [];
}

function isUnsigned(type: string): boolean {
  return /^(?:Nullable\()?UInt/.test(type);
}
