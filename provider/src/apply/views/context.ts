import { innerTable } from "../../clickhouse/names";
import { SchemaError } from "../../errors";
import { besideName } from "../../operation/exchange-view";
import { dropHelper } from "../../operation/guard";
import type { Journal } from "../../operation/journal";
import { uuidOf } from "../../operation/parts";
import { isReplaced } from "../../operation/replace-view";
import type { Runner } from "../../operation/runner";
import type { ViewStep } from "../../plan/plan";
import { qualifiedName } from "../../sql/identifiers";
import { parseCreate } from "../../sql/parse";
import type { MaterializedViewSpec, QualifiedName } from "../../sql/spec";
import type { Mapping } from "../rebuild/columns";
import type { ViewHooks, ViewPhase } from "./options";

/** What an operation sets out to do: the first line of its journal. */
export interface ViewPlan {
  readonly kind: "view";
  readonly step: ViewStep["kind"];
  /** CREATE text of the view as it stands, under the name of `to`. */
  readonly from: string;
  readonly to: string;
  readonly keepOld: number;
  readonly allow: readonly string[];
  readonly startedAt: number;
  /** Present where the old view has an inner table. */
  readonly inner?: Inner;
}

/** What has to be known of an inner table before it is left. */
export interface Inner {
  /** UUID of the old view, which the inner table is named after. */
  readonly view: string;
  /** Whether the rows can be linked into a snapshot; else there are none. */
  readonly linked: boolean;
  /** How rows go over, and CREATE text of the storage they go to; absent where each refresh makes all rows anew. */
  readonly carry?: { readonly columns: Mapping; readonly layout: string };
}

/** Names of what a view step makes, derived from the view and the operation, so that any runner finds them. */
export interface ViewNames {
  readonly view: QualifiedName;
  /** The new view before the names are exchanged, the old one after it. */
  readonly other: QualifiedName;
  /** What a view reads that is about to be dropped: nobody writes to it. */
  readonly idle: QualifiedName;
  /** The rows of the old inner table as they were at the cut. */
  readonly snapshot: QualifiedName;
  /** Those of one partition, laid out as the new storage is. */
  readonly chunk: (index: number) => QualifiedName;
  /** The snapshot when all is done. */
  readonly retired: QualifiedName;
}

/** The helper names of an operation on a view. */
export function viewNames({ database, name }: QualifiedName, operation: string): ViewNames {
  const helper = (kind: string): QualifiedName => ({ database, name: `${name}__${kind}_${operation}` });
  return {
    view: { database, name },
    other: besideName({ database, name }, operation),
    idle: helper("idle"),
    snapshot: helper("snap"),
    chunk: (index) => helper(`c${index}`),
    retired: helper("old"),
  };
}

/** What the parts of a view step share. All that decides anything comes from the journal and the catalog. */
export class ViewContext {
  readonly runner: Runner;
  readonly journal: Journal;
  readonly plan: ViewPlan;
  readonly from: MaterializedViewSpec;
  readonly to: MaterializedViewSpec;
  readonly names: ViewNames;
  private readonly hooks: ViewHooks;

  constructor(runner: Runner, journal: Journal, hooks: ViewHooks) {
    this.runner = runner;
    this.journal = journal;
    this.hooks = hooks;
    this.plan = journal.need<ViewPlan>("plan");
    if (this.plan.kind !== "view") {
      throw new SchemaError(`Operation ${runner.operation}: is no change of a view but a ${this.plan.kind}.`);
    }
    this.from = parseMaterializedView(this.plan.from);
    this.to = parseMaterializedView(this.plan.to);
    this.names = viewNames(this.to, runner.operation);
  }

  /** What the user has allowed. */
  get allow(): readonly string[] {
    return this.plan.allow;
  }

  /** Whether the old view keeps its rows in an inner table, which has to be carried over or put aside. */
  get inner(): Inner | undefined {
    return this.plan.inner;
  }

  /** The table that the new view writes to. An inner one is there from the cut on, and named after the new view's UUID. */
  get target(): QualifiedName {
    return this.to.to ?? innerTable(this.to.database, this.journal.need<string>("new"));
  }

  /** How far it is, by what is on the server. */
  phase(): Promise<ViewPhase> {
    return phaseOf(this.runner, this.journal, this.plan);
  }

  /** Whether the old view can be had back in a phase. */
  canAbort(phase: ViewPhase): boolean {
    return canAbort(phase, this.to);
  }

  /** Says that inserts are refused now, or let through again. */
  gateIs(closed: boolean): void {
    this.hooks.onGate?.(closed);
  }

  /** Drops a helper table, whatever its size. */
  async drop(table: QualifiedName): Promise<void> {
    await dropHelper(this.runner, table);
  }
}

/** A spec from canonical CREATE MATERIALIZED VIEW text. @throws {SchemaError} for anything else. */
export function parseMaterializedView(statement: string): MaterializedViewSpec {
  const spec = parseCreate(statement);
  if (spec.kind === "materializedView") return spec;
  throw new SchemaError(`A view step takes a CREATE MATERIALIZED VIEW statement, not: ${statement.slice(0, 80)}`);
}

/** Whether a refresh adds rows to those that are there. */
export function appends(refresh: string): boolean {
  return /\bAPPEND\b/.test(refresh);
}

/** How far an operation is, by what is on the server. @throws {SchemaError} when somebody has dropped or replaced one of its views. */
export async function phaseOf(
  runner: Runner,
  journal: Pick<Journal, "get" | "has">,
  { inner, to: statement }: ViewPlan,
): Promise<ViewPhase> {
  const to = parseMaterializedView(statement);
  // Whatever of the new view is left is about to go.
  if (journal.has("aborting")) return inner === undefined ? "replace" : "cut";
  if (inner === undefined) return (await isReplaced(runner, journal, to)) ? "retire" : "replace";
  const names = viewNames(to, runner.operation);
  const [current, other] = [await uuidOf(runner, names.view), await uuidOf(runner, names.other)];
  const made = journal.get<string>("new");
  if (made !== undefined && current === made) return "retire";
  if (current !== inner.view) {
    throw new SchemaError(
      `${qualifiedName(names.view)}: ${current === undefined ? "is gone" : "is neither the old view nor the new one"}; ` +
        `somebody dropped, renamed or replaced it during operation ${runner.operation}.`,
    );
  }
  if (other === undefined && made === undefined) return "cut";
  if (other === undefined || (made !== undefined && other !== made)) {
    throw new SchemaError(
      `${qualifiedName(names.other)}: is not the view that operation ${runner.operation} has made; somebody dropped or replaced it.`,
    );
  }
  return journal.has("carried") ? "swap" : "carry";
}

/** Whether the old view can be had back: not when its name is taken, or when the declared target has been written to. */
export function canAbort(phase: ViewPhase, to: MaterializedViewSpec): boolean {
  if (phase === "replace" || phase === "cut") return true;
  return phase !== "retire" && to.to === undefined;
}
