import { uuidOf } from "../../clickhouse/catalog";
import { collapses, dependsOnOrder, engineOf, hasTtl } from "../../clickhouse/merge-tree";
import { SchemaError } from "../../errors";
import { Context } from "../../operation/context";
import { createHelper } from "../../operation/helper-table";
import type { Journal } from "../../operation/journal";
import { type HelperNames, helperNames } from "../../operation/names";
import { Pace } from "../../operation/pace";
import type { BasePlan } from "../../operation/protocol";
import type { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import { parseCreate } from "../../sql/parse";
import type { QualifiedName, TableSpec } from "../../sql/spec";
import type { Mapping } from "./columns";
import type { RebuildHooks, RebuildStep } from "./options";

/** The plan of an operation: the first line of its journal. */
export interface RebuildPlan extends BasePlan {
  readonly kind: "rebuild";
  readonly from: string;
  readonly to: string;
  readonly keepOld: number;
  readonly mode: "online" | "offline";
  readonly renamed: Readonly<Record<string, string>>;
  readonly allow: readonly string[];
}

/** State shared by the steps of a rebuild. */
export class RebuildContext extends Context<RebuildPlan, RebuildHooks> {
  readonly from: TableSpec;
  readonly to: TableSpec;
  readonly names: HelperNames;
  /** Offline: the highest block number of each partition when this run began; later rows were written during the run. */
  known: ReadonlyMap<string, number> | undefined;
  /** How many times copied rows differed in number from the table's although no insert could come. */
  unexplained = 0;
  private readonly pace = new Pace();
  private total = 0;
  private step: RebuildStep = "prepare";

  constructor(runner: Runner, journal: Journal, plan: RebuildPlan, hooks: RebuildHooks) {
    super(runner, journal, plan, hooks);
    this.from = parseTable(plan.from);
    this.to = parseTable(plan.to);
    this.names = helperNames(this.to, runner.operation);
  }

  /** Minimum rows of a chunk: a crash loses at most one or two chunks. */
  get chunkRows(): number {
    return this.hooks.chunkRows ?? 2_000_000;
  }

  /** How rows are copied from the old table to the new one. */
  get mapping(): Mapping {
    return this.journal.need("columns");
  }

  /** Whether merges of the old table keep the number of the block in which each row was inserted, so that they need not be held back. */
  get byNumber(): boolean {
    return this.journal.get<boolean | null>("numbers") === true;
  }

  /** Whether merges in the new table reduce the number of copied rows. */
  get targetCollapses(): boolean {
    return collapses(engineOf(this.to.storage));
  }

  /** Whether the number of rows in the old table may shrink by itself. */
  get sourceShrinks(): boolean {
    return collapses(engineOf(this.from.storage)) || hasTtl(this.from);
  }

  get hasTtl(): boolean {
    return hasTtl(this.to);
  }

  /** Whether it matters which of two rows was inserted last. */
  get keepsOrder(): boolean {
    return dependsOnOrder(engineOf(this.to.storage)) || dependsOnOrder(engineOf(this.from.storage));
  }

  /** Whether the exchange has happened: the table that has the name shows it, not the journal. */
  async isSwapped(): Promise<boolean> {
    const uuid = await uuidOf(this.runner, this.names.table);
    if (uuid === this.journal.get("new")) return true;
    if (uuid === this.journal.get("old")) return false;
    throw new SchemaError(
      "changed-meanwhile",
      `${qualifiedName(this.names.table)}: ${uuid === undefined ? "is gone" : "is neither the old table nor the new one"}; ` +
        `somebody dropped, renamed or replaced it during operation ${this.runner.operation}. The rows are in it and in ${qualifiedName(this.names.shadow)}.`,
    );
  }

  enter(step: RebuildStep): void {
    this.step = step;
    // It reports itself, once it knows how many rows there are.
    if (step !== "copy") this.report(0);
  }

  /** Sets the number of rows to copy. */
  expect(total: number): void {
    this.total = total;
  }

  /** Reports progress. @param underWay rows that are copied but not compared yet. */
  report(underWay: number): void {
    if (this.hooks.onProgress === undefined) return;
    const done = this.journal
      .entries<{ rows: number } | null>("chunk:")
      .reduce((sum, [, chunk]) => sum + (chunk?.rows ?? 0), 0);
    const { mode } = this.plan;
    const far = this.step === "done" ? this.pace.end(done) : this.pace.at(done + underWay, this.total);
    this.hooks.onProgress({ step: this.step, mode, ...far });
  }

  /** Recreates a helper table. Expired rows stay in it, because otherwise they could not be counted. */
  async create(table: QualifiedName, statement: string): Promise<void> {
    await this.drop(table);
    await createHelper(this.runner, statement);
    await this.keepExpired(table);
  }

  /** Keeps expired rows from being deleted before they are counted; a restart of the server resets this. */
  async keepExpired(table: QualifiedName): Promise<void> {
    if (this.hasTtl) await this.runner.run(`SYSTEM STOP TTL MERGES ${qualifiedName(table)}`);
  }
}

/** Parses a canonical CREATE TABLE statement. @throws {SchemaError} for anything else. */
export function parseTable(statement: string): TableSpec {
  const spec = parseCreate(statement);
  if (spec.kind !== "table")
    throw new SchemaError("internal", `A rebuild takes a CREATE TABLE statement, not: ${statement.slice(0, 80)}`);
  return spec;
}
