import { SchemaError } from "../../errors";
import { Context } from "../../operation/context";
import type { Journal } from "../../operation/journal";
import { type HelperNames, helperNames } from "../../operation/names";
import { Pace } from "../../operation/pace";
import type { BasePlan } from "../../operation/protocol";
import type { Runner } from "../../operation/runner";
import { parseMergeTree } from "../../sql/engine";
import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName, TableSpec } from "../../sql/spec";
import type { Mapping } from "../rebuild/columns";
import { parseTable } from "../rebuild/context";
import type { RebuildHooks, RebuildStep } from "../rebuild/options";
import type { CopiedPart, NumberedChunk } from "./coverage";
import { type Fleet, openFleet, type Shard } from "./fleet";

/** The plan of an operation: the first line of its journal. */
export interface ClusterRebuildPlan extends BasePlan {
  readonly kind: "cluster-rebuild";
  readonly from: string;
  readonly to: string;
  readonly keepOld: number;
  readonly renamed: Readonly<Record<string, string>>;
  readonly allow: readonly string[];
  readonly cluster: string;
  /** Addresses of the hosts that copy, one of each shard. */
  readonly workers: readonly string[];
  /** UUID of the new table, on all hosts. */
  readonly uuid: string;
  /** UUIDs of the old table, by address: they differ where it was created host by host. */
  readonly old: Readonly<Record<string, string>>;
  /** Longest time that inserts are refused in one go, in milliseconds. */
  readonly gate: number;
}

/** Rows of one shard that reached the old storage late: a part of journal line `delta`. */
export interface ShardDelta {
  readonly shard: number;
  /** One part per partition. */
  readonly parts: readonly { readonly partition: string; readonly hash: string }[];
  readonly copied: readonly CopiedPart[];
  readonly rows: number;
}

/** The new table of one shard as it was assembled: a part of journal line `built`. */
export interface ShardBuilt {
  readonly shard: number;
  /** Highest block number of each partition; rows that clients write after the exchange get higher ones. */
  readonly high: Readonly<Record<string, number>>;
  readonly digest: string;
}

/** An operation that refuses inserts on all hosts of a cluster for a moment. */
export interface OnFleet {
  readonly runner: Runner;
  readonly journal: Journal;
  /** The table that clients write to, directly and through Distributed tables. */
  readonly fed: QualifiedName;
  /** Tables that refuse inserts themselves. */
  readonly closes: readonly QualifiedName[];
  fleet(): Promise<Fleet>;
  gateIs(closed: boolean): void;
}

/** State shared by the steps of a rebuild on a cluster. */
export class ClusterContext extends Context<ClusterRebuildPlan, RebuildHooks> implements OnFleet {
  readonly from: TableSpec;
  readonly to: TableSpec;
  readonly names: HelperNames;
  /** What is attached to the new table, by shard, as far as this run knows. */
  readonly attached = new Map<number, Set<number>>();
  private opened: Promise<Fleet> | undefined;
  private readonly pace = new Pace();
  private readonly totals = new Map<number, number>();
  private step: RebuildStep = "prepare";

  constructor(runner: Runner, journal: Journal, plan: ClusterRebuildPlan, hooks: RebuildHooks) {
    super(runner, journal, plan, hooks);
    this.from = parseTable(plan.from);
    this.to = withoutPath(parseTable(plan.to));
    this.names = helperNames(this.to, runner.operation);
  }

  /** @throws {SchemaError} as {@link openFleet}. */
  fleet(): Promise<Fleet> {
    const { plan, runner } = this;
    this.opened ??= openFleet(runner.connection, runner.operation, this.hooks, plan.workers);
    return this.opened;
  }

  get fed(): QualifiedName {
    return this.names.table;
  }

  get closes(): readonly QualifiedName[] {
    return [this.names.table, this.names.shadow];
  }

  /** Minimum rows of a chunk: a crash loses at most one or two chunks. */
  get chunkRows(): number {
    return this.hooks.chunkRows ?? 2_000_000;
  }

  /** How rows are copied from the old table to the new one. */
  get mapping(): Mapping {
    return this.journal.need("columns");
  }

  /** Of the table and of its new storage, quoted and qualified. */
  get table(): string {
    return qualifiedName(this.names.table);
  }

  get shadow(): string {
    return qualifiedName(this.names.shadow);
  }

  /** Ends what a dead runner left running on any host. */
  async endLeftovers(): Promise<void> {
    const { hosts } = await this.fleet();
    await Promise.all(hosts.map(({ runner }) => runner.endLeftovers()));
  }

  /** The valid chunks of a shard, oldest first; a voided one has `null` as its line. */
  chunksOf({ number }: Pick<Shard, "number">): NumberedChunk[] {
    const prefix = `chunk:${number}:`;
    return this.journal
      .entries<NumberedChunk | null>(prefix)
      .flatMap(([key, chunk]) => (chunk === null ? [] : [{ ...chunk, index: Number(key.slice(prefix.length)) }]))
      .sort((a, b) => a.index - b.index);
  }

  /** The next number for a chunk of a shard: those of voided ones are not used again. */
  nextChunk({ number }: Pick<Shard, "number">): number {
    const prefix = `chunk:${number}:`;
    return 1 + Math.max(-1, ...this.journal.entries(prefix).map(([key]) => Number(key.slice(prefix.length))));
  }

  enter(step: RebuildStep): void {
    this.step = step;
    if (step !== "copy") this.report(0);
  }

  /** Sets the number of rows to copy in a shard. */
  expect({ number }: Shard, rows: number): void {
    this.totals.set(number, rows);
  }

  /** Reports progress. @param underWay rows that are copied but not compared yet. */
  report(underWay: number): void {
    if (this.hooks.onProgress === undefined) return;
    const done = this.copied;
    const total = [...this.totals.values()].reduce((sum, rows) => sum + rows, 0);
    const far = this.step === "done" ? this.pace.end(done) : this.pace.at(done + underWay, total);
    this.hooks.onProgress({ step: this.step, mode: "online", ...far });
  }

  /** Rows that are copied and compared. */
  get copied(): number {
    return copiedRows(this.journal);
  }

  /** The error when somebody has changed what the operation works on. */
  changed(what: string): SchemaError {
    return new SchemaError(
      "changed-meanwhile",
      `${this.table}: ${what}, during operation ${this.runner.operation}. No row is lost: they are in it and, once the tables are exchanged, in ${this.shadow}.`,
    );
  }
}

/** The new table has the server's own path, by its UUID: the old one's is taken. */
function withoutPath(to: TableSpec): TableSpec {
  const engine = parseMergeTree(to.storage.engine);
  if (engine?.keeper === undefined) return to;
  const args = engine.args.length === 0 ? "" : `(${engine.args.join(", ")})`;
  return { ...to, storage: { ...to.storage, engine: `${engine.prefix ?? ""}${engine.family}${args}` } };
}

/** Rows in the valid chunks of all shards. */
export function copiedRows(journal: Pick<Journal, "entries">): number {
  return journal.entries<{ rows: number } | null>("chunk:").reduce((sum, [, chunk]) => sum + (chunk?.rows ?? 0), 0);
}
