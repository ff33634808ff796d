import { uuidOf } from "../../clickhouse/catalog";
import { SchemaError } from "../../errors";
import { Context } from "../../operation/context";
import type { Journal } from "../../operation/journal";
import { Pace } from "../../operation/pace";
import type { BasePlan } from "../../operation/protocol";
import type { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import { parseCreate } from "../../sql/parse";
import type { MaterializedViewSpec, QualifiedName, TableSpec } from "../../sql/spec";
import { parseTable } from "../rebuild/context";
import type { BackfillHooks, BackfillLimits, BackfillStep } from "./options";
import { sourceOf, type ViewSource } from "./query";

/** The plan of an operation: a line of its journal. */
export interface BackfillPlan extends BasePlan {
  readonly kind: "backfill";
  /** `create`: the operation creates the views. `refill`: they exist, and the target's rows are recomputed. */
  readonly mode: "create" | "refill";
  readonly views: readonly PlannedView[];
  /** CREATE statement of the target before the operation; both are the same. */
  readonly from: string;
  readonly to: string;
  /** UUID of the target, if that is replaced. */
  readonly uuid?: string;
  readonly limits: BackfillLimits;
  /** Condition on the target's rows, from {@link BackfillLimits.from}. */
  readonly since?: string;
  /** CREATE of a table like the target needs a setting that its ALTERs did not need; see `definitions.ts`. */
  readonly lenient?: boolean;
  readonly keepOld: number;
  readonly allow: readonly string[];
}

/** A view to fill. */
export interface PlannedView {
  readonly statement: string;
  /** CREATE statement of the table for its snapshot, under the snapshot's name. */
  readonly snapshot: string;
  /** Columns that the query fills in the target. */
  readonly columns: readonly string[];
  /** Set where the rows themselves show whether they came before the view. */
  readonly byTime?: { readonly column: string; readonly columns: readonly string[] };
}

/** A view with everything found out about it. */
export interface View extends PlannedView {
  readonly index: number;
  readonly spec: MaterializedViewSpec;
  readonly source: ViewSource;
  /** The view that passes rows on after the cut: the view itself, or its twin that writes to the new target. */
  readonly live: QualifiedName;
  readonly snapshotName: QualifiedName;
}

/**
 * Names of the objects that a backfill creates, derived from the target and the operation, so that any runner finds them. All in the
 * target's database.
 */
export function backfillNames({ database, name }: QualifiedName, operation: string) {
  const helper = (kind: string, of = name): QualifiedName => ({ database, name: `${of}__${kind}_${operation}` });
  return {
    target: { database, name },
    /** The rows computed from the snapshots. */
    stage: helper("c0"),
    /** The parts of one partition that a crash has left unattached. */
    rest: helper("c1"),
    /** The new target before the exchange, the old one after it. */
    fresh: helper("new"),
    /** The old target's rows at the time of the cut. */
    before: helper("snap"),
    retired: helper("old"),
    snapshot: (index: number): QualifiedName => helper("snap", `${name}_${index}`),
    twin: (index: number): QualifiedName => helper("new", `${name}_${index}`),
  };
}

/** State shared by the steps of a backfill. */
export class BackfillContext extends Context<BackfillPlan, BackfillHooks> {
  readonly names: ReturnType<typeof backfillNames>;
  /** The target as it was when the operation began. */
  readonly layout: TableSpec;
  readonly views: readonly View[];
  private readonly pace = new Pace();
  private total = 0;
  private step: BackfillStep = "cut";

  constructor(runner: Runner, journal: Journal, plan: BackfillPlan, hooks: BackfillHooks) {
    super(runner, journal, plan, hooks);
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

  /** Limits of one statement. */
  get limits(): Pick<BackfillLimits, "maxMemory" | "maxThreads"> {
    const { maxMemory, maxThreads } = this.hooks;
    return {
      ...this.plan.limits,
      ...(maxMemory !== undefined && { maxMemory }),
      ...(maxThreads !== undefined && { maxThreads }),
    };
  }

  /** Where the views write after the cut, and where the computed rows are attached. */
  get destination(): QualifiedName {
    return this.isRefill ? this.names.fresh : this.names.target;
  }

  enter(step: BackfillStep): void {
    this.step = step;
    // It reports itself, once it knows how many rows there are.
    if (step !== "fill") this.report();
  }

  /** Sets the number of rows to read. */
  expect(total: number): void {
    this.total = total;
  }

  /** Rows read so far. */
  get rows(): number {
    return this.journal.entries<{ rows: number }>("chunk:").reduce((sum, [, { rows }]) => sum + rows, 0);
  }

  /** Reports progress. @param underWay rows of a statement that is still running. */
  report(underWay = 0): void {
    const far = this.step === "done" ? this.pace.end(this.rows) : this.pace.at(this.rows + underWay, this.total);
    this.hooks.onProgress?.({ step: this.step, ...far });
  }

  /** Whether a view's cut has been made: the view's existence shows it, not the journal. */
  async isCut(view: View): Promise<boolean> {
    return this.journal.has("cut") || (await uuidOf(this.runner, view.live)) !== undefined;
  }

  async truncate(table: QualifiedName): Promise<void> {
    await this.runner.run(`TRUNCATE TABLE ${qualifiedName(table)} SETTINGS max_table_size_to_drop = 0`);
  }
}

/** Parses a CREATE MATERIALIZED VIEW statement. @throws {SchemaError} for anything else. */
export function parseView(statement: string): MaterializedViewSpec {
  const spec = parseCreate(statement);
  if (spec.kind === "materializedView") return spec;
  throw new SchemaError(
    "internal",
    `A backfill takes CREATE MATERIALIZED VIEW statements, not: ${statement.slice(0, 80)}`,
  );
}
