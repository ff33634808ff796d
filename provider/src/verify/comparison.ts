import { engineOf } from "../clickhouse/merge-tree";
import { backtick, qualifiedName, quoteString, unquoteIdentifier } from "../sql/identifiers";
import { columnsIn, parseExpression } from "../sql/query";
import { nullableInner } from "../sql/query/types";
import type { TableSpec } from "../sql/spec";
import { type Bucket, bucketId, bucketLabel, inRange, type Range, rangeOf } from "./bucket";
import { isNumeric, same, within } from "./equality";
import { CANDIDATES, type Measure, type Measures } from "./measures";
import { onlySelect, withOutput } from "./rewrite";
import type { Feed, Subject } from "./subject";
import { aggregateType } from "./verifiability";

/** Everything that the SQL of a comparison is built from. */
export interface Comparison extends Measures {
  readonly subject: Subject;
  readonly spec: TableSpec;
  readonly bucket: Bucket;
  /** Condition over the target's columns that a row may be gone on one side only. */
  readonly expired: string;
  /** Types of finalised values by alias; see {@link typesQuery}. */
  readonly types: ReadonlyMap<string, string>;
  /** Types of {@link Measure.candidates}, by column. */
  readonly candidateTypes: ReadonlyMap<string, string>;
  readonly tolerance: number;
}

/** Which rows to read. */
export interface Scope extends Range {
  /** Only these buckets. */
  readonly ids?: readonly string[];
}

const FOUND = "_schema_side = 0";
const EXPECTED = "_schema_side = 1";

/** Condition over the target's columns. */
export function scopeCondition({ bucket }: Comparison, { ids, ...range }: Scope): string {
  if (ids === undefined) return inRange(bucket, range);
  return `${inRange(bucket, rangeOf(bucket, ids))} AND ${bucketId(bucket)} IN (${ids.map(quoteString).join(", ")})`;
}

/** The rows that the views' SELECTs return over all of their sources, as rows of the target. */
export function truthRows(comparison: Comparison, feed: Feed, columns: readonly string[], extra = ""): string {
  const { spec } = comparison;
  const given = new Map(feed.view.columns.map(({ name, type = "" }) => [name, type]));
  const [stored, computed]: [string[], string[]] = [[], []];
  for (const name of columns) {
    const column = spec.columns.find((one) => one.name === name);
    const aggregate = aggregateType(column?.type ?? "");
    const type = quoteString(aggregate !== undefined && !aggregate.state ? aggregate.inner : (column?.type ?? ""));
    const own = given.get(name);
    const alias = backtick(name);
    if (own !== undefined && column?.default?.kind !== "MATERIALIZED") {
      const value = `_schema_view.${alias}`;
      const fills =
        nullableInner(own) !== undefined && aggregate === undefined && nullableInner(column?.type ?? "") === undefined;
      stored.push(`CAST(${fills ? `ifNull(${value}, defaultValueOfTypeName(${type}))` : value}, ${type}) AS ${alias}`);
    } else {
      const expression = column?.default?.expression;
      computed.push(
        expression === undefined
          ? `defaultValueOfTypeName(${type}) AS ${alias}`
          : `CAST(${expression}, ${type}) AS ${alias}`,
      );
    }
  }
  const rows = `SELECT ${[...stored, ...(extra === "" ? [] : [extra])].join(", ") || "1 AS _schema_one"} FROM (${viewQuery(comparison, feed)}) AS _schema_view`;
  return computed.length === 0 ? rows : `SELECT *, ${computed.join(", ")} FROM (${rows})`;
}

/** Columns of the target that a comparison needs. */
export function neededColumns({ bucket, expired, keys, measures, spec }: Comparison): string[] {
  const expressions = [...keys, expired, bucketId(bucket), spec.storage.partitionBy ?? ""];
  const engine = engineOf(spec.storage);
  if (engine.base === "ReplacingMergeTree") expressions.push(...engine.arguments.slice(0, 1));
  const mentioned = new Set(
    expressions.flatMap((text) => {
      const parsed = text === "" ? undefined : parseExpression(text);
      return parsed === undefined ? [] : columnsIn(parsed).flatMap(({ parts }) => [parts.join("."), parts[0] ?? ""]);
    }),
  );
  for (const { column } of measures) mentioned.add(column);
  const direct = spec.columns.filter(({ name }) => mentioned.has(name));
  // Defaults are computed from other columns, which are needed too.
  for (const { default: value } of direct) {
    const parsed = value?.expression === undefined ? undefined : parseExpression(value.expression);
    for (const { parts } of parsed === undefined ? [] : columnsIn(parsed)) mentioned.add(parts[0] ?? "");
  }
  return spec.columns.filter(({ name }) => mentioned.has(name)).map(({ name }) => name);
}

/** Name of the column with the candidates of a measure. */
function candidateName(index: number): string {
  return `_schema_c${index}`;
}

function viewQuery({ measures }: Comparison, { view }: Feed): string {
  const select = onlySelect(view.query);
  const outputs = measures.flatMap(({ candidates }, index) =>
    candidates === undefined ? [] : [`${candidates} AS ${candidateName(index)}`],
  );
  if (select === undefined || outputs.length === 0) return view.query;
  return withOutput(view.query, select, outputs.join(", ")) ?? view.query;
}

/** Both sides as rows of the same shape. */
function bothSides(comparison: Comparison, scope: Scope): string {
  const { bucket, candidateTypes, expired, keys, measures, spec, subject } = comparison;
  const engine = engineOf(spec.storage);
  const version = engine.base === "ReplacingMergeTree" ? engine.arguments[0] : undefined;
  const side = (number: 0 | 1): string =>
    [
      `${number} AS _schema_side`,
      `${bucketId(bucket)} AS _schema_bucket`,
      `${bucketLabel(bucket)} AS _schema_label`,
      `${expired} AS _schema_expired`,
      ...keys.map((key, index) => `${key} AS _schema_k${index}`),
      ...measures.map(({ column, value }, index) => `${value.replaceAll("#", backtick(column))} AS _schema_v${index}`),
      ...measures.flatMap(({ candidates, column }, index) => {
        if (candidates === undefined) return [];
        const empty = `defaultValueOfTypeName(${quoteString(candidateTypes.get(column) ?? "")})`;
        return [`${number === 0 ? empty : `_schema_given${index}`} AS ${candidateName(index)}`];
      }),
      ...(version === undefined ? [] : [`${backtick(unquoteIdentifier(version))} AS _schema_version`]),
    ].join(", ");
  const extra = measures
    .flatMap(({ candidates }, index) =>
      candidates === undefined ? [] : [`_schema_view.${candidateName(index)} AS _schema_given${index}`],
    )
    .join(", ");
  const condition = scopeCondition(comparison, scope);
  const columns = neededColumns(comparison);
  const truths = subject.feeds.map(
    (feed) => `SELECT ${side(1)} FROM (${truthRows(comparison, feed, columns, extra)}) WHERE ${condition}`,
  );
  return [`SELECT ${side(0)} FROM ${qualifiedName(subject.target)} WHERE ${condition}`, ...truths].join(" UNION ALL ");
}

/** One row per key: what was found, what was expected, and which columns differ. */
function byKey(comparison: Comparison, scope: Scope): string {
  const { keys, measures } = comparison;
  const finalise = (text: string, index: number, side: string): string =>
    text.replaceAll("#", `_schema_v${index}`).replaceAll("~", candidateName(index)).replaceAll("?", side);
  const outputs = [
    "_schema_bucket",
    "any(_schema_label) AS label",
    "max(_schema_expired) AS expired",
    `countIf(${FOUND}) AS found_rows`,
    `countIf(${EXPECTED}) AS expected_rows`,
    `toString(tuple(${keys.map((_, index) => `_schema_k${index}`).join(", ")})) AS key`,
    ...measures.flatMap(({ expected, found }, index) => [
      `${finalise(found, index, FOUND)} AS h${index}`,
      `${finalise(expected, index, EXPECTED)} AS t${index}`,
    ]),
  ];
  const groups = ["_schema_bucket", ...keys.map((_, index) => `_schema_k${index}`)].join(", ");
  return `SELECT ${outputs.join(", ")} FROM (${bothSides(comparison, scope)}) GROUP BY ${groups}`;
}

/** Query for the types of the compared values. */
export function typesQuery(comparison: Comparison): string {
  return `DESCRIBE (${byKey(comparison, {})})`;
}

/** Conditions that a column differs, one per measure, over {@link byKey}. */
function differs({ measures, tolerance, types }: Comparison): string[] {
  return measures.map(({ column: _, rule }, index) => {
    const [h, t] = [`h${index}`, `t${index}`];
    const type = types.get(h) ?? "";
    if (rule.kind === "member") return `NOT (empty(${t}) OR length(${t}) >= ${CANDIDATES} OR has(${t}, ${h}))`;
    if (rule.kind === "within") return `NOT ${within(type, h, t, rule.tolerance)}`;
    if (rule.kind === "rank") return `NOT ${between(type, h, t)}`;
    return `NOT ${same(type, h, t, rule.kind === "exact" ? (rule.floats ?? tolerance) : tolerance)}`;
  });
}

/** Whether a quantile, or each of several, lies between its bounds; the last digits of the bounds do not count. */
function between(type: string, found: string, bounds: string): string {
  const is = (value: string, low: string, high: string): string => {
    const [v, a, b] = [value, low, high].map((one) => `toFloat64(${one})`);
    return `((isNaN(${v}) AND isNaN(${a})) OR (${v} >= ${a} - 1e-6 * abs(${a}) AND ${v} <= ${b} + 1e-6 * abs(${b})))`;
  };
  if (!type.startsWith("Array(")) return is(found, `${bounds}[1]`, `${bounds}[2]`);
  return `arrayAll((x, i) -> ${is("x", `${bounds}[2 * i - 1]`, `${bounds}[2 * i]`)}, ${found}, arrayEnumerate(${found}))`;
}

/** Measures whose types cannot be compared in the way that suits their function. */
export function incomparable({ measures, types }: Comparison): { column: string; reason: string }[] {
  return measures.flatMap(({ column, rule }, index) => {
    const type = types.get(`h${index}`) ?? "";
    const bad = (rule.kind === "within" || rule.kind === "rank") && !isNumeric(type);
    const nullable = rule.kind === "rank" && /Nullable\(/.test(type);
    return bad || nullable ? [{ column, reason: `${type} values have no distance` }] : [];
  });
}

/** Keys with their verdict: `bad` where any column differs or where only one side has the key. */
function judged(comparison: Comparison, scope: Scope): string {
  const { measures, types, vanishes } = comparison;
  const flags = differs(comparison);
  const zero = (side: "h" | "t"): string =>
    measures
      .flatMap(({ column }, index) =>
        vanishes.includes(column)
          ? [`ifNull(${side}${index} = defaultValueOfTypeName(${quoteString(types.get(`h${index}`) ?? "")}), 1)`]
          : [],
      )
      .join(" AND ") || "0";
  const outputs = [
    "*",
    // A SummingMergeTree drops rows that are all zeros.
    `found_rows = 0 AND NOT (${zero("t")}) AS is_missing`,
    `expected_rows = 0 AND NOT (${zero("h")}) AS is_surplus`,
    ...flags.map((flag, index) => `found_rows > 0 AND expected_rows > 0 AND ${flag} AS d${index}`),
  ];
  const any = ["is_missing", "is_surplus", ...flags.map((_, index) => `d${index}`)].join(" OR ");
  return `SELECT *, NOT expired AND (${any}) AS bad FROM (SELECT ${outputs.join(", ")} FROM (${byKey(comparison, scope)}))`;
}

/** Most buckets that one comparison names. */
export const MOST_BUCKETS = 100_000;

/** Counts the buckets of a scope, and names those that differ. */
export function summaryQuery(comparison: Comparison, scope: Scope): string {
  return (
    "SELECT toString(count()) AS buckets, toString(countIf(left_out = keys)) AS expired, toString(countIf(left_out > 0 AND left_out < keys)) AS partly, " +
    `groupArrayIf(${MOST_BUCKETS})(_schema_bucket, bad_keys > 0) AS different, ` +
    "toString(minIf(toInt64OrZero(_schema_bucket), known > 0)) AS first, toString(countIf(known > 0)) AS known_buckets FROM " +
    "(SELECT _schema_bucket, count() AS keys, countIf(expired) AS left_out, countIf(bad) AS bad_keys, countIf(expected_rows > 0) AS known " +
    `FROM (${judged(comparison, scope)}) GROUP BY _schema_bucket)`
  );
}

/** Reports how the buckets of a scope differ; those that do not differ have no row. */
export function detailQuery(comparison: Comparison, scope: Scope): string {
  const columns = comparison.measures.map(({ rule }, index) => {
    const expected = rule.kind === "member" ? `toString(t${index}[1])` : `toString(t${index})`;
    return `(toString(countIf(d${index} AND bad)), minIf((key, ${expected}, toString(h${index})), d${index} AND bad)) AS x${index}`;
  });
  return (
    `SELECT _schema_bucket AS id, any(label) AS bucket, toString(countIf(bad)) AS keys, toString(countIf(bad AND is_missing)) AS missing, ` +
    `toString(countIf(bad AND is_surplus)) AS surplus, minIf(key, bad AND (is_missing OR is_surplus)) AS example${columns.map((text) => `, ${text}`).join("")} ` +
    `FROM (${judged(comparison, scope)}) GROUP BY _schema_bucket HAVING countIf(bad) > 0 ORDER BY length(id), id`
  );
}

/** Describes a rule. */
export function describeRule({ rule }: Measure): string {
  switch (rule.kind) {
    case "within":
      return `within ${percent(rule.tolerance)}`;
    case "rank":
      return `within ${percent(rule.error)} in rank`;
    case "member":
      return "one of the rows that it may be";
    default:
      return "exact";
  }
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
