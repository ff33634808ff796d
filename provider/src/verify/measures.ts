import { engineOf } from "../clickhouse/merge-tree";
import { splitArguments, withoutOuterBrackets } from "../sql/fragments";
import { unquoteIdentifier } from "../sql/identifiers";
import { integer, parseType, unwrap } from "../sql/query/types";
import type { ColumnSpec, TableSpec } from "../sql/spec";
import { keyColumn, sortingKey } from "./bucket";
import { type Rule, ruleOf } from "./functions";
import { aggregateItem, itemOf, onlySelect } from "./rewrite";
import type { Feed, Subject } from "./subject";
import { aggregateType } from "./verifiability";

/** How the rows of one key become one value. `#` is replaced by the column, `?` by the condition that selects one side. */
type Finalise = string;

/** A compared column. */
export interface Measure {
  readonly column: string;
  readonly rule: Exclude<Rule, { kind: "none" }>;
  /** Value of a row, over the target's column `#`, as it is grouped. */
  readonly value: string;
  readonly found: Finalise;
  /** What {@link Measure.found} is compared with; for `member` an array, whose column is `~`. */
  readonly expected: Finalise;
  /** For `member`: the extra column that the view is made to return, as a function call. */
  readonly candidates?: string;
}

/** How each of a target's columns is treated. */
export interface Measures {
  readonly keys: readonly string[];
  readonly measures: readonly Measure[];
  readonly omitted: readonly { readonly column: string; readonly reason: string }[];
  /** Expressions over the finalised values; where they hold, merges remove the key altogether. */
  readonly vanishes: readonly string[];
}

/** At most this many values of rows with the same extreme are kept; if there are more, any value passes. */
export const CANDIDATES = 100;

/** Sorts a target's columns into keys, compared columns, and the rest. */
export function measuresOf(subject: Subject, spec: TableSpec): Measures {
  const keys = keysOf(subject, spec);
  const names = new Set(keys.map(keyColumn));
  const engine = engineOf(spec.storage);
  const summed = engine.base === "SummingMergeTree" ? summedColumns(spec, names, engine.arguments) : undefined;
  const version = engine.base === "ReplacingMergeTree" ? engine.arguments.map(unquoteIdentifier)[0] : undefined;
  const measures: Measure[] = [];
  const omitted: { column: string; reason: string }[] = [];
  for (const column of spec.columns) {
    if (names.has(column.name) || /^(?:ALIAS|EPHEMERAL|MATERIALIZED)$/.test(column.default?.kind ?? "")) continue;
    const found = engine.base === "ReplacingMergeTree" ? replaced(column, version) : measureOf(column, subject, summed);
    if ("reason" in found) omitted.push({ column: column.name, reason: found.reason });
    else measures.push(found);
  }
  const vanishes = summed !== undefined && measures.every(({ column }) => summed.has(column)) ? [...summed] : [];
  return { keys, measures, omitted, vanishes };
}

type Found = Measure | { readonly reason: string };

function measureOf(column: ColumnSpec, subject: Subject, summed: ReadonlySet<string> | undefined): Found {
  const type = column.type ?? "";
  const aggregate = aggregateType(type);
  if (/\b(?:now\w*|today|rand\w*|generateUUID\w*)\s*\(/i.test(column.default?.expression ?? ""))
    return { reason: "its default is another one each time" };
  if (aggregate === undefined) {
    if (summed?.has(column.name)) {
      // Added up in the column's own type, which may overflow.
      const sum = `CAST(sumIf(#, ?), '${type}')`;
      return { column: column.name, rule: { kind: "exact" }, value: "#", found: sum, expected: sum };
    }
    return { reason: "no part of the sorting key: merges keep the value of any row" };
  }
  const { inner, name, parameters, state } = aggregate;
  const rule = ruleOf(name, parameters);
  if (rule.kind === "none") return rule;
  if (rule.kind === "member") return member(column.name, name, subject, state);
  const given = parameters.length === 0 ? "" : `(${parameters.join(", ")})`;
  const found = `${name}${state ? "Merge" : ""}If${given}(#, ?)`;
  const value = state ? "#" : `CAST(#, '${quoted(inner)}')`;
  const sorted = rule.kind === "sorted" ? `arraySort(${found})` : found;
  if (rule.kind !== "rank") return { column: column.name, rule, value, found: sorted, expected: sorted };
  return { column: column.name, rule, value, found, expected: bounds(name, parameters, rule.error) };
}

/** The quantiles slightly below and slightly above each level, in sequence. */
function bounds(name: string, parameters: readonly string[], error: number): string {
  const isSketch = name.startsWith("quantilesGK") || name.startsWith("quantileGK");
  const [head, levels] = isSketch ? [parameters.slice(0, 1), parameters.slice(1)] : [[], parameters];
  const both = (levels.length === 0 ? ["0.5"] : levels).flatMap((level) => {
    const at = Number(level);
    return [Math.max(0, at - error), Math.min(1, at + error)].map((bound) => String(Number(bound.toFixed(6))));
  });
  const plural = name.replace(/^(?:quantiles?|medians?)/, "quantiles");
  return `${plural}MergeIf(${[...head, ...both].join(", ")})(#, ?)`;
}

/** Which of several rows with the same extreme a state keeps is arbitrary: all of them are fetched from the source. */
function member(column: string, name: string, subject: Subject, state: boolean): Found {
  const calls = subject.feeds.map((feed) => candidateCall(feed, column));
  const [first] = calls;
  if (!state || first === undefined || calls.some((call) => call !== first))
    return { reason: `${name}: which of several rows with the same extreme it keeps is unknown here` };
  const list = /^(?:argMin|min_by)/i.test(name) ? "groupUniqArrayArgMin" : "groupUniqArrayArgMax";
  return {
    column,
    rule: { kind: "member" },
    value: "#",
    found: `${name}MergeIf(#, ?)`,
    expected: `${list}MergeIf(${CANDIDATES})(~, ?)`,
    candidates: first,
  };
}

/** What a view has to return in addition to `argMaxState(a, b)`. */
export function candidateCall({ view }: Feed, column: string): string | undefined {
  const select = onlySelect(view.query);
  const item = select === undefined ? undefined : itemOf(select, column);
  const call = item === undefined ? undefined : aggregateItem(item);
  const [, extreme, ifs] = /^arg(Min|Max)(?:State(If)?|(If)State)$/.exec(call?.name ?? "") ?? [];
  if (call === undefined || extreme === undefined) return undefined;
  const suffix = ifs !== undefined || call.name.endsWith("IfState") ? "StateIf" : "State";
  return `groupUniqArrayArg${extreme}${suffix}(${CANDIDATES})(${call.arguments.map(({ text }) => text).join(", ")})`;
}

/** In a ReplacingMergeTree, any row may be kept among those of the same version. */
function replaced({ name: column, type = "", default: value }: ColumnSpec, version: string | undefined): Found {
  if (/\b(?:now\w*|today|rand\w*|generateUUID\w*)\s*\(/i.test(value?.expression ?? ""))
    return { reason: "its default is another one each time" };
  const row = `toString(tuple(${type.startsWith("AggregateFunction(") ? "finalizeAggregation(#)" : "#"}))`;
  const rule = { kind: "member" } as const;
  if (version === undefined) {
    return { column, rule, value: row, found: "anyLastIf(#, ?)", expected: `groupUniqArrayIf(${CANDIDATES})(#, ?)` };
  }
  return {
    column,
    rule,
    value: row,
    found: "argMaxIf(#, _schema_version, ?)",
    expected: `groupUniqArrayArgMaxIf(${CANDIDATES})(#, _schema_version, ?)`,
  };
}

/** Rows with the same keys become one row sooner or later. */
function keysOf({ feeds }: Subject, spec: TableSpec): string[] {
  const keys = sortingKey(spec);
  if (engineOf(spec.storage).base !== "MergeTree") return keys;
  // Nothing is ever merged, so the columns that the views group by identify the rows.
  const known = new Set(keys.map(keyColumn));
  const grouped = spec.columns.filter(({ name }) => !known.has(name) && feeds.every((feed) => isGrouped(feed, name)));
  return [...keys, ...grouped.map(({ name }) => `\`${name.replaceAll("`", "\\`")}\``)];
}

function isGrouped({ view }: Feed, name: string): boolean {
  const select = onlySelect(view.query);
  const item = select === undefined ? undefined : itemOf(select, name);
  if (select === undefined || item === undefined) return false;
  return (select.groupBy?.expressions ?? []).some(
    ({ text }) => keyColumn(text) === name || text === item.expression.text,
  );
}

function summedColumns(
  { columns }: TableSpec,
  keys: ReadonlySet<string | undefined>,
  parameters: readonly string[],
): ReadonlySet<string> {
  const given = parameters.filter((text) => !text.startsWith("'"));
  const listed = splitArguments(withoutOuterBrackets(given.at(-1) ?? "").replace(/^\((.*)\)$/s, "$1"));
  const names = new Set(listed.map(unquoteIdentifier));
  const isNumber = (type: string): boolean =>
    integer(unwrap(type)) !== undefined ||
    /^(?:Nullable\()?(?:B?Float|Decimal|U?Int)/.test(parseType(type).name === "LowCardinality" ? unwrap(type) : type);
  return new Set(
    columns
      .filter(({ name, type = "" }) => !keys.has(name) && isNumber(type) && (names.size === 0 || names.has(name)))
      .map(({ name }) => name),
  );
}

function quoted(type: string): string {
  return type.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
}
