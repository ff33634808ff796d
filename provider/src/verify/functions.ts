import { aggregateOf } from "../sql/query";

/** How values of an aggregate function are compared when only one of the two was merged from parts. */
export type Rule =
  /** Equal; floats may differ by the order of addition. */
  | { readonly kind: "exact"; readonly floats?: number }
  /** Arrays, in any order. */
  | { readonly kind: "sorted" }
  /** At most a share of the value apart: the documented error of the sketch. */
  | { readonly kind: "within"; readonly tolerance: number }
  /** Between the quantiles slightly below and slightly above, by rank: the documented error of the sketch. */
  | { readonly kind: "rank"; readonly error: number }
  /** One of the values that the rows with the same extreme have. */
  | { readonly kind: "member" }
  | { readonly kind: "none"; readonly reason: string };

const EXACT =
  /^(?:count|sum|sumWithOverflow|sumKahan|sumCount|min|max|avg|avgWeighted|uniqExact|uniqUpTo|groupBit\w+|(?:sum|min|max)(?:MappedArrays|Map\w*)|quantiles?Exact\w*|entropy|maxIntersections)$/;
/** Their formulas subtract large sums. */
const MOMENTS = /^(?:corr|covar|stddev|var|skew|kurt)\w*$/;
const ARRAYS = /^(?:groupArray|groupUniqArray)$/;
/** A merge loses nothing that a sketch of all rows would have; the error is that of reading it. */
const WITHIN: Readonly<Record<string, number>> = {
  uniq: 0.01,
  uniqCombined: 0.01,
  uniqCombined64: 0.01,
  uniqHLL12: 0.02,
  uniqTheta: 0.04,
  quantileBFloat16: 0.008,
  quantileBFloat16Weighted: 0.008,
  quantileTiming: 0.02,
  quantileTimingWeighted: 0.02,
};
/** Errors in rank: five standard deviations of a reservoir of 8,192; for a t-digest, its clusters. */
const RANK: Readonly<Record<string, number>> = {
  quantile: 0.04,
  quantileDeterministic: 0.04,
  quantileTDigest: 0.02,
  quantileTDigestWeighted: 0.02,
};
const SIMPLE_COMBINATORS: ReadonlySet<string> = new Set(["If", "OrNull", "OrDefault", "Array", "Null", "Distinct"]);

/**
 * How values of an aggregate function compare.
 *
 * @param name with its combinators, e.g. `quantilesIf`.
 * @param parameters as SQL strings.
 */
export function ruleOf(name: string, parameters: readonly string[] = []): Rule {
  const found = aggregateOf(name);
  if (found === undefined) return { kind: "none", reason: `${name} is not known` };
  const { base, combinators } = found;
  const plain = combinators.every((one) => SIMPLE_COMBINATORS.has(one));
  if (combinators.some((one) => one === "ArgMax" || one === "ArgMin"))
    return { kind: "none", reason: `${name} keeps one of several rows with the same extreme` };
  // SimpleAggregateFunction(groupUniqArrayArray) joins arrays.
  if (ARRAYS.test(base)) {
    if (parameters.length > 0) return { kind: "none", reason: `${name} with a limit keeps some of the values` };
    return plain ? { kind: "sorted" } : { kind: "none", reason: `${name} has no order` };
  }
  if (EXACT.test(base)) return { kind: "exact" };
  if (MOMENTS.test(base)) return { kind: "exact", floats: 1e-6 };
  if (base === "argMax" || base === "argMin")
    return plain ? { kind: "member" } : { kind: "none", reason: `${name} keeps one of several rows` };
  return ruleOfSketch(name, base.replace(/^quantiles/, "quantile"), parameters, plain);
}

function ruleOfSketch(name: string, single: string, parameters: readonly string[], plain: boolean): Rule {
  const within = single === "quantileDD" ? 2 * Number(parameters[0] ?? 0.01) : WITHIN[single];
  if (within !== undefined) return { kind: "within", tolerance: within };
  const gk = single === "quantileGK" ? 2 / Math.max(1, Number(parameters[0] ?? 100)) : undefined;
  const error = gk ?? RANK[single];
  if (error !== undefined && plain) return { kind: "rank", error };
  return { kind: "none", reason: `what ${name} gives depends on the order of rows, or on chance` };
}
