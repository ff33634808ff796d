import { SchemaError } from "../../errors";
import { dropHelper } from "../../operation/guard";
import type { Journal } from "../../operation/journal";
import { Pace } from "../../operation/pace";
import { uuidOf } from "../../operation/parts";
import type { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import { parseCreate } from "../../sql/parse";
import type { MaterializedViewSpec, QualifiedName, TableSpec } from "../../sql/spec";
import { parseTable } from "../rebuild/context";
import type { BackfillHooks, BackfillLimits, BackfillStep } from "./options";
import { sourceOf, type ViewSource } from "./query";

/** What an operation sets out to do: a line of its journal. */
export interface BackfillPlan {
  readonly kind: "backfill";
  /** `create`: the views are made by it. `refill`: they are there, and the target's rows are computed anew. */
  readonly mode: "create" | "refill";
  readonly views: readonly PlannedView[];
  /** CREATE text of the target as it stood; twice, for whoever reads journals of all kinds. */
  readonly from: string;
  readonly to: string;
  /** Of the target, where it is replaced. */
  readonly uuid?: string;
  readonly limits: BackfillLimits;
  /** Condition on the target's rows, from {@link BackfillLimits.from}. */
  readonly since?: string;
  /** The target has settings that CREATE asks for and ALTER does not, see `definitions.ts`. */
  readonly lenient?: boolean;
  readonly keepOld: number;
  readonly allow: readonly string[];
  readonly startedAt: number;
}

/** A view to be filled. */
export interface PlannedView {
  readonly statement: string;
  /** CREATE text of the table for its snapshot, under the snapshot's name. */
  readonly snapshot: string;
  /** Columns that go from the query to the target. */
  readonly columns: readonly string[];
  /** Where the rows themselves tell what came before the view. */
  readonly byTime?: { readonly column: string; readonly columns: readonly string[] };
}

/** A view with what has been found out about it. */
export interface View extends PlannedView {
  readonly index: number;
  readonly spec: MaterializedViewSpec;
  readonly source: ViewSource;
  /** The view that passes rows on from the cut on: itself, or its twin that writes to the new target. */
  readonly live: QualifiedName;
  readonly snapshotName: QualifiedName;
}

/** Names of what a backfill makes, derived from the target and the operation, so that any runner finds them. All in the target's database. */
export function backfillNames({ database, name }: QualifiedName, operation: string) {
  const helper = (kind: string, of = name): QualifiedName => ({ database, name: `${of}__${kind}_${operation}` });
  return {
    target: { database, name },
    /** What is computed from the snapshots. */
    stage: helper("c0"),
    /** The parts of one partition that a crash has left out. */
    rest: helper("c1"),
    /** The new target before the exchange, the old one after it. */
    fresh: helper("new"),
    /** The old target's rows as they were at the cut. */
    before: helper("snap"),
    retired: helper("old"),
    snapshot: (index: number): QualifiedName => helper("snap", `${name}_${index}`),
    twin: (index: number): QualifiedName => helper("new", `${name}_${index}`),
  };
}

/** What the steps of a backfill share. All that decides anything comes from the journal and the catalog. */
export class Context {
  readonly runner: Runner;
  readonly journal: Journal;
  readonly plan: BackfillPlan;
  readonly names: ReturnType<typeof backfillNames>;
  /** The target as it stood when the operation began. */
  readonly layout: TableSpec;
  readonly views: readonly View[];
  private readonly hooks: BackfillHooks;
  private readonly pace = new Pace();
  private total = 0;
  private step: BackfillStep = "cut";

  constructor(runner: Runner, journal: Journal, hooks: BackfillHooks) {
    this.runner = runner;
    this.journal = journal;
    this.hooks = hooks;
    this.plan = journal.need<BackfillPlan>("plan");
    if (this.plan.kind !== "backfill") {
      throw new SchemaError(`Operation ${runner.operation}: is no backfill but a ${this.plan.kind}.`);
    }
    this.layout = parseTable(this.plan.to);
    this.names = backfillNames(this.layout, runner.operation);
    this.views = this.plan.views.map((view, index) => {
      const spec = parseView(view.statement);
      const live = this.isRefill ? this.names.twin(index) : { database: spec.database, name: spec.name };
      return { ...view, index, spec, live, source: sourceOf(spec), snapshotName: this.names.snapshot(index) };
    });
  }

  get isRefill(): boolean {
    return this.plan.mode === "refill";
  }

  /** What a statement may take. */
  get limits(): Pick<BackfillLimits, "maxMemory" | "maxThreads"> {
    const { maxMemory, maxThreads } = this.hooks;
    return {
      ...this.plan.limits,
      ...(maxMemory !== undefined && { maxMemory }),
      ...(maxThreads !== undefined && { maxThreads }),
    };
  }

  /** Where the views write from the cut on, and what was computed is brought to. */
  get destination(): QualifiedName {
    return this.isRefill ? this.names.fresh : this.names.target;
  }

  /** Goes to a step, for progress. */
  enter(step: BackfillStep): void {
    this.step = step;
    this.report();
  }

  /** Rows that are to be read. */
  expect(total: number): void {
    this.total = total;
  }

  /** Rows that were read so far. */
  get rows(): number {
    return this.journal.entries<{ rows: number }>("chunk:").reduce((sum, [, { rows }]) => sum + rows, 0);
  }

  /** Tells how far it is. @param underWay rows of a statement that is running. */
  report(underWay = 0): void {
    const far = this.step === "done" ? this.pace.end(this.rows) : this.pace.at(this.rows + underWay, this.total);
    this.hooks.onProgress?.({ step: this.step, ...far });
  }

  /** Says that inserts are refused now, or let through again. */
  gateIs(closed: boolean): void {
    this.hooks.onGate?.(closed);
  }

  /** Whether a view has been cut: seen by the view that is there, not written down. */
  async isCut(view: View): Promise<boolean> {
    return this.journal.has("cut") || (await uuidOf(this.runner, view.live)) !== undefined;
  }

  /** Drops a helper table, whatever its size. */
  async drop(table: QualifiedName): Promise<void> {
    await dropHelper(this.runner, table);
  }

  async truncate(table: QualifiedName): Promise<void> {
    await this.runner.run(`TRUNCATE TABLE ${qualifiedName(table)} SETTINGS max_table_size_to_drop = 0`);
  }
}

/** A spec from CREATE MATERIALIZED VIEW text. @throws {SchemaError} for anything else. */
export function parseView(statement: string): MaterializedViewSpec {
  const spec = parseCreate(statement);
  if (spec.kind === "materializedView") return spec;
  throw new SchemaError(`A backfill takes CREATE MATERIALIZED VIEW statements, not: ${statement.slice(0, 80)}`);
}
