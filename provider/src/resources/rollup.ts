import * as pulumi from "@pulumi/pulumi";
import type { MaterializedView } from "./materialized-view";
import { programRun } from "./program-run";
import type { RollupArgs } from "./rollup-args";
import { attempt, definitionsOf, explained, renderFirst } from "./rollup-definitions";
import { declareFirst, declareLevel, type Parts, type RollupLevel } from "./rollup-parts";
import type { Table } from "./table";
import type { View } from "./view";

/**
 * A rollup: aggregates of a table's rows by key and time bucket, kept up to date on every insert.
 *
 * Creates an `AggregatingMergeTree` table, a materialized view for each source, and a read view. Every column of the table is part of the
 * key or merges; the engine derives the types from the measures. Reading is a plain SELECT on the read view, correct at any time.
 * Only rows inserted after creation count, unless `backfill` is set. Each insert into a source costs one more aggregation of its
 * rows.
 *
 * @example
 * ```ts
 * new Rollup("requests_minute", {
 *   source: requests,
 *   keys: ["AccountId", "Service"],
 *   bucket: { name: "minute", every: "minute", time: "Timestamp" },
 *   measures: {
 *     requests: count(),
 *     errors: count({ if: "Status >= 500" }),
 *     latency: quantiles({ p50: 0.5, p95: 0.95 }, "Latency"),
 *     error_rate: derived("errors / requests"),
 *   },
 *   ttl: "inherit",
 *   cascade: ["hour", { every: "day", ttl: "3 years" }],
 * });
 * ```
 */
export class Rollup extends pulumi.ComponentResource {
  /** The table that holds the merged rows. */
  readonly target: Table;
  /** The views that fill it, one for each source. */
  readonly views: readonly MaterializedView[];
  /** The table's rows on all shards; undefined without `distributed`. */
  readonly all: Table | undefined;
  /** The rollup and its coarser levels, finest first. */
  readonly levels: readonly RollupLevel[];
  /** A query that computes the read view's result from the sources alone; it reads whole tables. */
  readonly truth: pulumi.Output<string>;

  /**
   * Declares the rollup.
   *
   * @param resourceName name within the stack, and of the target table unless `name` is given.
   * @param args shape and storage.
   * @param opts Pulumi options, which its parts inherit.
   * @throws {RunError} naming every wrong argument, or when another Rollup has this resource name.
   */
  constructor(resourceName: string, args: RollupArgs, opts: pulumi.ComponentResourceOptions = {}) {
    const label = `Rollup ${resourceName}`;
    const definitions = explained(label, () => definitionsOf(args));
    programRun()?.declare("clickhouse:index:Rollup", resourceName, opts);
    super("clickhouse:index:Rollup", resourceName, {}, opts);
    const rendered = definitions.feeds.apply((feeds) => attempt(label, () => renderFirst(feeds, args)));
    const own = { parent: this, ...(opts.dependsOn !== undefined && { dependsOn: opts.dependsOn }) };
    const parts: Parts = { name: resourceName, args, label, opts: own, rendered, ...definitions };
    const first = declareFirst(parts);
    const levels = [first];
    for (const [index, definition] of definitions.levels.entries()) {
      const [below, level] = [levels.at(-1) ?? first, definitions.levelArgs[index]];
      if (level !== undefined) levels.push(declareLevel(parts, below, definition, level));
    }
    this.target = first.target;
    this.views = first.views;
    this.all = first.all;
    this.levels = levels;
    this.truth = rendered.apply(({ value }) => value?.truth ?? "");
    this.registerOutputs({});
  }

  /** The view to query. @throws {RunError} if `read` is `false`. */
  get read(): View {
    const [first] = this.levels;
    if (first === undefined) throw new Error("a rollup has at least one level");
    return first.read;
  }
}
