/**
 * A number (or string, list, map) of a rollup. Made by {@link count}, {@link sum} and the others; the fields are SQL.
 *
 * `{}` in `shows` stands for the finished value.
 */
export interface Measure {
  /** Fills the target's column, over rows of the source; empty for {@link derived}. */
  readonly fill: string;
  /** Combines rows of the target: an aggregate function with its parameters, e.g. `sum`, `quantilesMerge(0.5)`. */
  readonly merge: string;
  /** Whether the target keeps a plain value (SimpleAggregateFunction), not a state. */
  readonly simple: boolean;
  /** What readers see: name → expression. If absent: the finished value, under the measure's name. */
  readonly shows?: Readonly<Record<string, string>>;
  /** What is wrong with the arguments; reported when the rollup is declared. */
  readonly problem?: string;
}

/** Options of every measure. */
export interface MeasureOptions {
  /** Only rows that meet this condition count, e.g. `StatusCode = 2`. Default: all rows. */
  readonly if?: string;
}

/** Algorithms of {@link uniq}. */
export type UniqAlgorithm = "combined" | "exact" | "hll12" | "theta" | "adaptive";

/** Algorithms of {@link quantiles}. */
export type QuantilesAlgorithm = "bfloat16" | "dd" | "tdigest" | "exact";

/** Number of rows. 8 bytes per row of the rollup; exact. */
export function count(options: MeasureOptions = {}): Measure {
  return simple("count", [], options, "sum");
}

/**
 * Sum of an expression, as wide as the engine makes it: `UInt8` becomes `UInt64`, `Float32` `Float64`, `Decimal` 38 digits. One NaN
 * makes the sum NaN: leave such rows out with `if`. Floats are added in a different order than over the base table, so the last digits
 * may differ.
 */
export function sum(expression: string, options: MeasureOptions = {}): Measure {
  return simple("sum", [expression], options);
}

/** Least value; NULLs and NaNs do not count. With `if`: NULL if no row meets the condition. */
export function min(expression: string, options: MeasureOptions = {}): Measure {
  return simple("min", [orNull(expression, options)], options);
}

/** Greatest value; NULLs and NaNs do not count. With `if`: NULL if no row meets the condition. */
export function max(expression: string, options: MeasureOptions = {}): Measure {
  return simple("max", [orNull(expression, options)], options);
}

/** Mean, kept as sum and count: right after any number of merges. NaN if no row counts. About 16 bytes. */
export function avg(expression: string, options: MeasureOptions = {}): Measure {
  return state("avg", [], [expression], options);
}

/** Any one of the values, unspecified which. With `if`: NULL if no row meets the condition, so it cannot be used for arrays and maps. */
export function any(expression: string, options: MeasureOptions = {}): Measure {
  return simple("any", [orNull(expression, options)], options);
}

/** A late value: the last of some insert. For the last by time use {@link argMax}. */
export function anyLast(expression: string, options: MeasureOptions = {}): Measure {
  return simple("anyLast", [orNull(expression, options)], options);
}

/** The value in the row where `by` is least; any of them if there are several. With `if`: NULL if no row meets the condition. */
export function argMin(expression: string, by: string, options: MeasureOptions = {}): Measure {
  return state(options.if === undefined ? "argMin" : "argMinOrNull", [], [expression, by], options);
}

/** The value in the row where `by` is greatest; any of them if there are several. With `if`: NULL if no row meets the condition. */
export function argMax(expression: string, by: string, options: MeasureOptions = {}): Measure {
  return state(options.if === undefined ? "argMax" : "argMaxOrNull", [], [expression, by], options);
}

const UNIQ: Readonly<Record<UniqAlgorithm, string>> = {
  combined: "uniqCombined64",
  exact: "uniqExact",
  hll12: "uniqHLL12",
  theta: "uniqTheta",
  adaptive: "uniq",
};

/**
 * Number of distinct values. Merged states equal one state over all rows.
 *
 * - `combined` (default): exact up to some thousand values, then about 0.3 % off; at most about 100 KB.
 * - `exact`: grows by 8 to 16 bytes per distinct value.
 * - `adaptive`: about 0.4 %; at most 256 KB. `hll12`: about 1.6 %; 2.5 KB. `theta`: up to about 3 %; allows set operations.
 */
export function uniq(expression: string, options: MeasureOptions & { algorithm?: UniqAlgorithm } = {}): Measure {
  const { algorithm = "combined" } = options;
  const name = UNIQ[algorithm];
  if (name === undefined) return wrong(unknownAlgorithm(algorithm, Object.keys(UNIQ)));
  // Merged states over only NULLs give NULL, where the function itself gives 0.
  return { ...state(name, [], [expression], options), shows: { "": "ifNull({}, 0)" } };
}

/**
 * Quantiles between 0 and 1: a list (readers get an array in its order) or a map from column to level (readers get these columns).
 *
 * - `bfloat16` (default): counts by value truncated to 8 bits, so merged states equal the state over all rows; the value is at most 0.8 %
 *   towards zero of an exact one. Any finite or infinite number; up to 64 K counts in theory, one for each distinct truncated value.
 * - `dd`: DDSketch with relative error `accuracy` (default 0.01) for positive values away from zero. An infinite value makes the insert
 *   fail, and values near 1 and below were found up to 3 % off.
 * - `tdigest`: small, most accurate at the ends; the result depends on how rows were merged. No stated error.
 * - `exact`: keeps every value.
 */
export function quantiles(
  levels: readonly number[] | Readonly<Record<string, number>>,
  expression: string,
  options: MeasureOptions & { algorithm?: QuantilesAlgorithm; accuracy?: number } = {},
): Measure {
  const { algorithm = "bfloat16", accuracy = 0.01 } = options;
  const functions = { bfloat16: "BFloat16", dd: "DD", tdigest: "TDigest", exact: "Exact" };
  const suffix = functions[algorithm];
  if (suffix === undefined) return wrong(unknownAlgorithm(algorithm, Object.keys(functions)));
  const numbers = Object.values(levels);
  if (numbers.length === 0 || numbers.some((level) => !(level >= 0 && level <= 1)))
    return wrong("expected one or more levels from 0 to 1, e.g. [0.5, 0.95]");
  if (!(accuracy > 0 && accuracy < 1)) return wrong("expected an accuracy between 0 and 1, e.g. 0.01");
  const parameters = [...(algorithm === "dd" ? [accuracy] : []), ...numbers].map(String);
  const measure = state(`quantiles${suffix}`, parameters, [expression], options);
  if (Array.isArray(levels)) return measure;
  const shows = Object.fromEntries(Object.keys(levels).map((name, index) => [name, `{}[${index + 1}]`]));
  return { ...measure, shows };
}

/** Sums by key of a Map column. Values become as wide as {@link sum} makes them. Its size grows with the keys of a bucket. */
export function sumMap(expression: string, options: MeasureOptions = {}): Measure {
  return simple("sumMap", [expression], options);
}

/** Up to `limit` values; which ones and in which order is unspecified. */
export function groupArray(expression: string, options: MeasureOptions & { limit: number }): Measure {
  return limited("groupArray", expression, options);
}

/** Up to `limit` distinct values; which ones and in which order is unspecified. */
export function groupUniqArray(expression: string, options: MeasureOptions & { limit: number }): Measure {
  return limited("groupUniqArray", expression, options);
}

/**
 * How many rows are in each range: an array with one number for each bound (value <= bound, above the previous bound) and one for what is
 * above the last. NaN and NULL do not count. Exact, and merges exactly.
 *
 * @param bounds increasing, e.g. `[5, 10, 25, 50, 100]`.
 */
export function histogram(bounds: readonly number[], expression: string, options: MeasureOptions = {}): Measure {
  const increasing = bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? bound));
  if (bounds.length === 0 || bounds.length > 1000 || !bounds.every(Number.isFinite) || !increasing)
    return wrong("expected 1 to 1000 finite, increasing bounds, e.g. [5, 10, 25]");
  const value = `toFloat64(${expression})`;
  const range = `toUInt16(arrayFirstIndex(_bound -> assumeNotNull(${value}) <= _bound, [${bounds.join(", ")}, inf]))`;
  const isNumber = `ifNull(NOT isNaN(${value}), 0)`;
  const condition = options.if === undefined ? isNumber : `${isNumber} AND (${options.if})`;
  const measure = simple("sumMap", [`map(${range}, toUInt64(1))`], { if: condition });
  return {
    ...measure,
    ...checked([expression], options),
    shows: { "": `arrayMap(_range -> {}[toUInt16(_range)], range(1, ${bounds.length + 2}))` },
  };
}

/** A value that readers see but nothing stores: an expression over the names of other measures, e.g. `errors / requests`. */
export function derived(expression: string): Measure {
  return { fill: "", merge: "", simple: true, shows: { "": expression }, ...checked([expression], {}) };
}

/**
 * Any other aggregate function, by its state and its merge; `OrNull`, `Map`, `ForEach` and the like included.
 *
 * @example
 * ```ts
 * raw({ state: "topKState(10)(Url)", merge: "topKMerge(10)" })
 * ```
 */
export function raw(functions: { state: string; merge: string }): Measure {
  const { state, merge } = functions;
  const problem = !/State(If)?\s*\(/.test(state)
    ? "state: expected an aggregate function with -State, e.g. `topKState(10)(Url)`"
    : !/^\w+Merge\s*(\(.*\))?$/s.test(merge)
      ? "merge: expected the function with -Merge and its parameters, without argument, e.g. `topKMerge(10)`"
      : undefined;
  return { fill: state, merge, simple: false, ...(problem !== undefined && { problem }) };
}

/** The target's column, merged from several rows into a column of the same kind. */
export function mergeAgain({ merge, simple }: Measure): string {
  return simple ? merge : merge.replace(/Merge(?=\s*(\(|$))/, "MergeState");
}

function limited(name: string, expression: string, options: MeasureOptions & { limit: number }): Measure {
  const { limit } = options;
  if (!Number.isInteger(limit) || limit < 1) return wrong("limit: expected a whole number above 0");
  return state(name, [String(limit)], [expression], options);
}

function simple(name: string, args: readonly string[], options: MeasureOptions, merge = name): Measure {
  const fill = call(name, [], args, options);
  return { fill, merge, simple: true, ...checked(args, options) };
}

function state(name: string, parameters: readonly string[], args: readonly string[], options: MeasureOptions): Measure {
  const merge = parameters.length === 0 ? `${name}Merge` : `${name}Merge(${parameters.join(", ")})`;
  return { fill: call(`${name}State`, parameters, args, options), merge, simple: false, ...checked(args, options) };
}

function call(name: string, parameters: readonly string[], args: readonly string[], options: MeasureOptions): string {
  const suffix = options.if === undefined ? "" : "If";
  const list = parameters.length === 0 ? "" : `(${parameters.join(", ")})`;
  return `${name}${suffix}${list}(${[...args, ...(options.if === undefined ? [] : [options.if])].join(", ")})`;
}

/** A group without any row that counts must not contribute a 0. */
function orNull(expression: string, options: MeasureOptions): string {
  return options.if === undefined ? expression : `toNullable(${expression})`;
}

function checked(args: readonly string[], options: MeasureOptions): { problem?: string } {
  const isBlank = (text: unknown): boolean => typeof text !== "string" || text.trim() === "";
  if (args.some(isBlank)) return { problem: "expected an SQL expression, e.g. a column, found none" };
  if (options.if !== undefined && isBlank(options.if))
    return { problem: "if: expected a condition in SQL, found none" };
  return {};
}

function wrong(problem: string): Measure {
  return { fill: "", merge: "", simple: true, problem };
}

function unknownAlgorithm(found: string, known: readonly string[]): string {
  return `algorithm: expected one of ${known.map((name) => `"${name}"`).join(", ")}, found ${JSON.stringify(found)}`;
}
