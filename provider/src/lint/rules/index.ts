import type { Rule } from "../finding";
import { aggregateOfPartialRows } from "./aggregate-of-partial-rows";
import { collectionSecretInValues } from "./collection-secret-in-values";
import { columnGrantNotInTable } from "./column-grant-not-in-table";
import { columnOutsideKey } from "./column-outside-key";
import { computedFromSums } from "./computed-from-sums";
import { counterAveraged } from "./counter-averaged";
import { countsReplacedRows } from "./counts-replaced-rows";
import { deduplicationWithViews } from "./deduplication-with-views";
import { defaultRolesMissOne } from "./default-roles-miss-one";
import { dictionaryNeverReloads } from "./dictionary-never-reloads";
import { dictionaryReloadsAll } from "./dictionary-reloads-all";
import { distinctInIncrementalView } from "./distinct-in-incremental-view";
import { experimentalType } from "./experimental-type";
import { floatSumInSumming } from "./float-sum-in-summing";
import { functionFreeVariable } from "./function-free-variable";
import { grantOnMissingTable } from "./grant-on-missing-table";
import { grantPrefixInPrefix } from "./grant-prefix-in-prefix";
import { grantsAll } from "./grants-all";
import { groupByNotInKey } from "./group-by-not-in-key";
import { havingInIncrementalView } from "./having-in-incremental-view";
import { highCardinalityLeadingKey } from "./high-cardinality-leading-key";
import { innerTable } from "./inner-table";
import { joinInIncrementalView } from "./join-in-incremental-view";
import { keyNamesMissingColumn } from "./key-names-missing-column";
import { likeWithBareUnderscore } from "./like-with-bare-underscore";
import { limitInIncrementalView } from "./limit-in-incremental-view";
import { limitOutsideItsBounds } from "./limit-outside-its-bounds";
import { missingTtl } from "./missing-ttl";
import { monitoringByViewName } from "./monitoring-by-view-name";
import { multiSourceIncrementalView } from "./multi-source-incremental-view";
import { nonAdditiveAggregateInSumming } from "./non-additive-aggregate-in-summing";
import { nullableKey } from "./nullable-key";
import { partitionTooFine } from "./partition-too-fine";
import { partsWithoutActive } from "./parts-without-active";
import { passwordMethodWeak } from "./password-method-weak";
import { populateLosesRows } from "./populate-loses-rows";
import { profileCircle } from "./profile-circle";
import { profileWithoutLimits } from "./profile-without-limits";
import { quotaOnEveryone } from "./quota-on-everyone";
import { quotaUnused } from "./quota-unused";
import { refreshWithoutAppendOrTo } from "./refresh-without-append-or-to";
import { staleProjection } from "./stale-projection";
import { stateReadWithoutMerge } from "./state-read-without-merge";
import { stringNumberComparison } from "./string-number-comparison";
import { sumOverflowsColumn } from "./sum-overflows-column";
import { targetColumnNeverWritten } from "./target-column-never-written";
import { unboundedGroupByAlias } from "./unbounded-group-by-alias";
import { userFromAnywhere } from "./user-from-anywhere";
import { userNamedLikeRole } from "./user-named-like-role";
import { versionAcrossPartitions } from "./version-across-partitions";
import { viewDefinerMissing } from "./view-definer-missing";
import { viewOutputNotInTarget } from "./view-output-not-in-target";
import { viewReadsViewName } from "./view-reads-view-name";
import { viewTypeNarrows } from "./view-type-narrows";
import { windowInIncrementalView } from "./window-in-incremental-view";
import { zeroRowsDropped } from "./zero-rows-dropped";

/** All rules: first those about lost or falsified rows. */
export const rules: readonly Rule[] = [
  keyNamesMissingColumn,
  nonAdditiveAggregateInSumming,
  columnOutsideKey,
  groupByNotInKey,
  stateReadWithoutMerge,
  multiSourceIncrementalView,
  joinInIncrementalView,
  aggregateOfPartialRows,
  countsReplacedRows,
  havingInIncrementalView,
  limitInIncrementalView,
  distinctInIncrementalView,
  windowInIncrementalView,
  computedFromSums,
  sumOverflowsColumn,
  versionAcrossPartitions,
  staleProjection,
  innerTable,
  populateLosesRows,
  missingTtl,
  stringNumberComparison,
  likeWithBareUnderscore,
  viewReadsViewName,
  viewOutputNotInTarget,
  targetColumnNeverWritten,
  viewTypeNarrows,
  counterAveraged,
  unboundedGroupByAlias,
  nullableKey,
  highCardinalityLeadingKey,
  partitionTooFine,
  floatSumInSumming,
  zeroRowsDropped,
  deduplicationWithViews,
  refreshWithoutAppendOrTo,
  experimentalType,
  monitoringByViewName,
  partsWithoutActive,
  profileCircle,
  grantsAll,
  grantOnMissingTable,
  columnGrantNotInTable,
  grantPrefixInPrefix,
  defaultRolesMissOne,
  userFromAnywhere,
  passwordMethodWeak,
  userNamedLikeRole,
  limitOutsideItsBounds,
  profileWithoutLimits,
  quotaOnEveryone,
  quotaUnused,
  collectionSecretInValues,
  viewDefinerMissing,
  functionFreeVariable,
  dictionaryNeverReloads,
  dictionaryReloadsAll,
];
