import type { ColumnDefinitionArgs, RollupArgs, StorageArgs } from "pulumi-clickhouse-schema";
import { maximumDays, type ObsflyConfig, type Signal } from "./config";

/*
 * How long rows stay is a matter of the account's plan, so it is written on every row: `RetentionDays`.
 *
 * Base tables: a partition holds one day of one plan. All its rows expire together, so ClickHouse drops whole parts and
 * rewrites none. (With one partition a day, a 7-day plan's rows would lie until the 90-day plan's rows beside them go.)
 * A partition a plan wants few plans: an insert may touch 100 partitions.
 *
 * Rollups: `RetentionDays` is the last column of the sorting key, so a rollup row represents base rows of one plan and
 * leaves when they leave. Carrying it as an aggregate (`max`) instead does not work: parts not merged yet still have
 * the shorter plan, expire on their own, and the merged count comes out short. Readers never see the column: read views
 * group without it.
 */

/** The plan of a row's account, in days. */
export function retentionColumn(signal: Signal, config: ObsflyConfig): ColumnDefinitionArgs {
  return { type: "UInt16", default: String(config.retentionDays[signal]) };
}

/** A TTL ends before 2106, where DateTime wraps around: a plan of 100 years ("forever") would expire at once. */
const plan = `least(RetentionDays, ${maximumDays})`;

/** Partitions and TTL of a base table. */
export const baseRetention = {
  partitionBy: ["toDate(Timestamp)", "RetentionDays"],
  ttl: `toDateTime(Timestamp) + toIntervalDay(${plan})`,
  settings: { ttl_only_drop_parts: 1 },
} satisfies StorageArgs;

/** The same for a `Rollup`: it inherits the plan from its base table, and adds it to its key. */
export function inheritedRetention(config: ObsflyConfig): Pick<RollupArgs, "ttl" | "settings"> {
  const least = config.rollupRetentionDays;
  return {
    ttl: least > 0 ? { inherit: true, atLeast: `${least} days` } : "inherit",
    settings: { merge_with_ttl_timeout: 86400 },
  };
}

/**
 * Partitions and TTL of a rollup that is none in the sense of `Rollup`, counted from the end of the bucket: it never leaves before a row it was made from.
 * Rollups are small, so expired rows are cut out of their month, at most once a day, instead of waiting for its end.
 */
export function rollupRetention(bucket: string, width: "minute" | "hour", config: ObsflyConfig): StorageArgs {
  const least = config.rollupRetentionDays;
  const days = least > 0 ? `greatest(${plan}, ${least})` : plan;
  const end = `${bucket} + ${width === "hour" ? "toIntervalHour(1)" : "toIntervalMinute(1)"}`;
  return {
    partitionBy: `toYYYYMM(${bucket})`,
    ttl: `${end} + toIntervalDay(${days})`,
    settings: { merge_with_ttl_timeout: 86400 },
  };
}
