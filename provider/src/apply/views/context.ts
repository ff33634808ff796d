import { uuidOf } from "../../clickhouse/catalog";
import { innerTable } from "../../clickhouse/names";
import { SchemaError } from "../../errors";
import { Context } from "../../operation/context";
import { besideName } from "../../operation/exchange-view";
import type { Journal } from "../../operation/journal";
import type { BasePlan } from "../../operation/protocol";
import { isReplaced } from "../../operation/replace-view";
import type { Runner } from "../../operation/runner";
import type { ViewStep } from "../../plan/plan";
import { qualifiedName } from "../../sql/identifiers";
import { parseCreate } from "../../sql/parse";
import type { MaterializedViewSpec, QualifiedName } from "../../sql/spec";
import type { Mapping } from "../rebuild/columns";
import type { ViewHooks, ViewPhase } from "./options";

/** The plan of an operation: the first line of its journal. */
export interface ViewPlan extends BasePlan {
  readonly kind: "view";
  readonly step: ViewStep["kind"];
  /** CREATE statement of the current view, under the name of `to`. */
  readonly from: string;
  readonly to: string;
  readonly keepOld: number;
  readonly allow: readonly string[];
  /** Present if the old view has an inner table. */
  readonly inner?: Inner;
}

/** Facts about an inner table that are needed once it is replaced. */
export interface Inner {
  /** UUID of the old view, which is part of the inner table's name. */
  readonly view: string;
  /** Whether its rows can be linked into a snapshot; if not, it has none. */
  readonly linked: boolean;
  /** How rows are copied, and the CREATE statement of the storage they are copied to; absent if each refresh recomputes all rows. */
  readonly carry?: { readonly columns: Mapping; readonly layout: string };
}

/** Names of the objects that a view step creates, derived from the view and the operation, so that any runner finds them. */
export interface ViewNames {
  readonly view: QualifiedName;
  /** The new view before the names are exchanged, the old one after it. */
  readonly other: QualifiedName;
  /** A source for a view that is about to be dropped: nobody writes to it. */
  readonly idle: QualifiedName;
  /** The rows of the old inner table at the time of the cut. */
  readonly snapshot: QualifiedName;
  /** The rows of one partition, in the layout of the new storage. */
  readonly chunk: (index: number) => QualifiedName;
  /** The snapshot after everything is done. */
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

/** State shared by the parts of a view step. */
export class ViewContext extends Context<ViewPlan, ViewHooks> {
  readonly from: MaterializedViewSpec;
  readonly to: MaterializedViewSpec;
  readonly names: ViewNames;

  constructor(runner: Runner, journal: Journal, plan: ViewPlan, hooks: ViewHooks) {
    super(runner, journal, plan, hooks);
    this.from = parseMaterializedView(plan.from);
    this.to = parseMaterializedView(plan.to);
    this.names = viewNames(this.to, runner.operation);
  }

  /** The permissions given by the user. */
  get allow(): readonly string[] {
    return this.plan.allow;
  }

  /** The old view's inner table, if it has one; its rows must be carried over or kept in a table. */
  get inner(): Inner | undefined {
    return this.plan.inner;
  }

  /** The table that the new view writes to. An inner one exists from the cut on, and its name contains the new view's UUID. */
  get target(): QualifiedName {
    return this.to.to ?? innerTable(this.to.database, this.journal.need<string>("new"));
  }

  /** Progress, according to what is on the server. @throws {SchemaError} when somebody has dropped or replaced one of its views. */
  async phase(): Promise<ViewPhase> {
    const { inner, journal, names, runner, to } = this;
    // Whatever remains of the new view is about to be dropped.
    if (journal.has("aborting")) return inner === undefined ? "replace" : "cut";
    if (inner === undefined) return (await isReplaced(runner, journal, to)) ? "retire" : "replace";
    const [current, other] = [await uuidOf(runner, names.view), await uuidOf(runner, names.other)];
    const made = journal.get<string>("new");
    if (made !== undefined && current === made) return "retire";
    if (current !== inner.view) {
      throw new SchemaError(
        "changed-meanwhile",
        `${qualifiedName(names.view)}: ${current === undefined ? "is gone" : "is neither the old view nor the new one"}; ` +
          `somebody dropped, renamed or replaced it during operation ${runner.operation}.`,
      );
    }
    if (other === undefined && made === undefined) return "cut";
    if (other === undefined || (made !== undefined && other !== made)) {
      throw new SchemaError(
        "changed-meanwhile",
        `${qualifiedName(names.other)}: is not the view that operation ${runner.operation} created; somebody dropped or replaced it.`,
      );
    }
    return journal.has("carried") ? "swap" : "carry";
  }
}

/** Parses a canonical CREATE MATERIALIZED VIEW statement. @throws {SchemaError} for anything else. */
export function parseMaterializedView(statement: string): MaterializedViewSpec {
  const spec = parseCreate(statement);
  if (spec.kind === "materializedView") return spec;
  throw new SchemaError(
    "internal",
    `A view step takes a CREATE MATERIALIZED VIEW statement, not: ${statement.slice(0, 80)}`,
  );
}

/** Whether a refresh adds rows to the existing ones. */
export function appends(refresh: string): boolean {
  return /\bAPPEND\b/.test(refresh);
}
