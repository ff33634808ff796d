/** An aggregate function's parsed name: `quantileStateIf` is `quantile` with `["State", "If"]`. */
export interface AggregateName {
  /** In the engine's spelling. */
  readonly base: string;
  readonly combinators: readonly string[];
}

/** All of the engine's functions, and their aliases; a test compares with `system.functions`. */
const NAMES = (
  "MVTEncode aggThrow analysisOfVariance any anyHeavy anyLast anyLast_respect_nulls any_respect_nulls approx_top_k " +
  "approx_top_sum argAndMax argAndMin argMax argMin avg avgWeighted boundingRatio categoricalInformationValue " +
  "contingency corr corrMatrix corrStable count covarPop covarPopMatrix covarPopStable covarSamp covarSampMatrix " +
  "covarSampStable cramersV cramersVBiasCorrected cume_dist deltaSum deltaSumTimestamp denseRank " +
  "distinctDynamicTypes distinctJSONPaths distinctJSONPathsAndTypes entropy estimateCompressionRatio " +
  "exponentialMovingAverage exponentialTimeDecayedAvg exponentialTimeDecayedCount exponentialTimeDecayedMax " +
  "exponentialTimeDecayedSum flameGraph groupArray groupArrayInsertAt groupArrayIntersect groupArrayLast " +
  "groupArrayMovingAvg groupArrayMovingSum groupArraySample groupArraySorted groupBitAnd groupBitOr groupBitXor " +
  "groupBitmap groupBitmapAnd groupBitmapOr groupBitmapXor groupConcat groupFormat groupNumericIndexedVector " +
  "groupUniqArray histogram intervalLengthSum kolmogorovSmirnovTest kurtPop kurtSamp lag lagInFrame " +
  "largestTriangleThreeBuckets lead leadInFrame mannWhitneyUTest max maxIntersections maxIntersectionsPosition " +
  "maxMappedArrays meanZTest min minMappedArrays nonNegativeDerivative nothing nothingNull nothingUInt64 nth_value " +
  "ntile percentRank quantile quantileBFloat16 quantileBFloat16Weighted quantileDD quantileDeterministic " +
  "quantileExact quantileExactExclusive quantileExactHigh quantileExactInclusive quantileExactLow " +
  "quantileExactWeighted quantileExactWeightedInterpolated quantileGK quantileInterpolatedWeighted " +
  "quantilePrometheusHistogram quantileTDigest quantileTDigestWeighted quantileTiming quantileTimingWeighted " +
  "quantiles quantilesBFloat16 quantilesBFloat16Weighted quantilesDD quantilesDeterministic quantilesExact " +
  "quantilesExactExclusive quantilesExactHigh quantilesExactInclusive quantilesExactLow quantilesExactWeighted " +
  "quantilesExactWeightedInterpolated quantilesGK quantilesInterpolatedWeighted quantilesPrometheusHistogram " +
  "quantilesTDigest quantilesTDigestWeighted quantilesTiming quantilesTimingWeighted rank rankCorr retention " +
  "row_number sequenceCount sequenceMatch sequenceMatchEvents sequenceNextNode simpleLinearRegression " +
  "singleValueOrNull skewPop skewSamp sparkbar stddevPop stddevPopStable stddevSamp stddevSampStable " +
  "stochasticLinearRegression stochasticLogisticRegression studentTTest studentTTestOneSample sum sumCount sumKahan " +
  "sumMap sumMapFiltered sumMapFilteredWithOverflow sumMapWithOverflow sumMappedArrays sumWithOverflow theilsU " +
  "timeSeriesChangesToGrid timeSeriesDeltaToGrid timeSeriesDerivToGrid timeSeriesGroupArray " +
  "timeSeriesIncreaseToGrid timeSeriesInstantDeltaToGrid timeSeriesInstantRateToGrid timeSeriesLastTwoSamples " +
  "timeSeriesPredictLinearToGrid timeSeriesRateToGrid timeSeriesResampleToGridWithStaleness timeSeriesResetsToGrid " +
  "topK topKWeighted uniq uniqCombined uniqCombined64 uniqExact uniqHLL12 uniqTheta uniqUpTo varPop varPopStable " +
  "varSamp varSampStable welchTTest windowFunnel"
).split(" ");

/** Aliases, in lower case. */
const ALIASES: Readonly<Record<string, string>> = {
  anova: "analysisOfVariance",
  any_value: "any",
  any_value_respect_nulls: "any_respect_nulls",
  anylastrespectnulls: "anyLast_respect_nulls",
  anyrespectnulls: "any_respect_nulls",
  anyvaluerespectnulls: "any_respect_nulls",
  approx_top_count: "approx_top_k",
  array_agg: "groupArray",
  array_concat_agg: "groupArray",
  bit_and: "groupBitAnd",
  bit_or: "groupBitOr",
  bit_xor: "groupBitXor",
  covar_pop: "covarPop",
  covar_samp: "covarSamp",
  dense_rank: "denseRank",
  first_value: "any",
  first_value_respect_nulls: "any_respect_nulls",
  firstvaluerespectnulls: "any_respect_nulls",
  last_value: "anyLast",
  last_value_respect_nulls: "anyLast_respect_nulls",
  lastvaluerespectnulls: "anyLast_respect_nulls",
  lttb: "largestTriangleThreeBuckets",
  max_by: "argMax",
  min_by: "argMin",
  percent_rank: "percentRank",
  st_asmvt: "MVTEncode",
  std: "stddevPop",
  stddev: "stddevPop",
  stddev_pop: "stddevPop",
  stddev_samp: "stddevSamp",
  timeserieslasttogrid: "timeSeriesResampleToGridWithStaleness",
  var_pop: "varPop",
  var_samp: "varSamp",
  string_agg: "groupConcat",
  group_concat: "groupConcat",
};

const BASES: ReadonlyMap<string, string> = new Map([
  ...NAMES.map((name) => [name.toLowerCase(), name] as const),
  ...NAMES.filter((name) => /^quantile(?!s)/.test(name)).map(
    (name) => [name.toLowerCase().replace("quantile", "median"), name] as const,
  ),
  ...Object.entries(ALIASES),
]);

const COMBINATORS =
  /(?:ArgMax|ArgMin|Array|Distinct|ForEach|If|Map|Merge|Null|OrDefault|OrNull|Resample|SimpleState|State|Tuple)$/;

/** Reads the name of a function. @returns undefined when it is not an aggregate function. */
export function aggregateOf(name: string): AggregateName | undefined {
  const combinators: string[] = [];
  for (let rest = name; rest !== ""; ) {
    const base = BASES.get(rest.toLowerCase());
    if (base !== undefined) return { base, combinators };
    const combinator = COMBINATORS.exec(rest)?.[0];
    if (combinator === undefined) return undefined;
    combinators.unshift(combinator);
    rest = rest.slice(0, -combinator.length);
  }
  return undefined;
}
