import { Context } from "../../operation/context";
import type { Journal } from "../../operation/journal";
import { helperNames } from "../../operation/names";
import type { BasePlan } from "../../operation/protocol";
import type { Runner } from "../../operation/runner";
import type { QualifiedName } from "../../sql/spec";
import type { Verified } from "../verify";
import type { RepairOptions, RepairResult } from "./options";

/** The plan of a repair: the first line of its journal. */
export interface RepairPlan extends BasePlan {
  readonly kind: "repair";
  readonly from: QualifiedName;
  readonly to: QualifiedName;
}

/** What a run was asked for; what differs is not in the journal, because a resumption looks for it anew. */
export interface RepairHooks extends RepairOptions {
  readonly verified?: Verified;
}

export const NOTHING_REPAIRED = { repaired: 0, partitions: 0, gated: false, refused: [] } as const;

/** State shared by the steps of a repair. */
export class RepairContext extends Context<RepairPlan, RepairHooks> {
  /** The table that is filled before partitions are replaced. */
  readonly stage: QualifiedName;
  /** What this run has done. */
  outcome: Omit<RepairResult, "operation"> = NOTHING_REPAIRED;

  constructor(runner: Runner, journal: Journal, plan: RepairPlan, hooks: RepairHooks) {
    super(runner, journal, plan, hooks);
    this.stage = helperNames(plan.to, runner.operation).chunk(0);
  }
}
