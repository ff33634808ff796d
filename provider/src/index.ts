/**
 * ClickHouse schema as managed Pulumi resources.
 *
 * @packageDocumentation
 */
export * from "./resources/access-args";
export * from "./resources/args";
export { Database } from "./resources/database";
export { Dictionary } from "./resources/dictionary";
export * from "./resources/dictionary-args";
export { Grant } from "./resources/grant";
export { Grants } from "./resources/grants";
export type { GrantArgs, GrantedRoleArgs, Grantee, GrantsArgs, NamedGrantee } from "./resources/grants-args";
export { MaterializedView } from "./resources/materialized-view";
export { NamedCollection } from "./resources/named-collection";
export type { NamedCollectionArgs } from "./resources/named-collection-args";
export { Provider, type ProviderArgs } from "./resources/provider";
export { Quota } from "./resources/quota";
export { Role } from "./resources/role";
export { Rollup } from "./resources/rollup";
export * from "./resources/rollup-args";
export type { RollupLevel } from "./resources/rollup-parts";
export { RowPolicy } from "./resources/row-policy";
export { SchemaObject } from "./resources/schema-object";
export { SettingsProfile } from "./resources/settings-profile";
export { sql } from "./resources/sql";
export { SqlFunction } from "./resources/sql-function";
export { Table } from "./resources/table";
export * from "./resources/table-args";
export { User } from "./resources/user";
export { View } from "./resources/view";
export * from "./resources/view-args";
export type { RollupBucket, RollupLongerTtl, RollupTtl } from "./rollup/definition";
export {
  any,
  anyLast,
  argMax,
  argMin,
  avg,
  count,
  derived,
  groupArray,
  groupUniqArray,
  histogram,
  type Measure,
  type MeasureOptions,
  max,
  min,
  type QuantilesAlgorithm,
  quantiles,
  raw,
  sum,
  sumMap,
  type UniqAlgorithm,
  uniq,
} from "./rollup/measures";
