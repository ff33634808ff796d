import type { QualifiedName } from "../sql/spec";
import { dropHelper } from "./guard";
import type { Journal } from "./journal";
import type { BasePlan, OperationContext, OperationHooks } from "./protocol";
import type { Runner } from "./runner";

/** What the state of every operation has; a protocol adds what its plan says, parsed. */
export class Context<Plan extends BasePlan, Hooks extends OperationHooks> implements OperationContext {
  readonly runner: Runner;
  readonly journal: Journal;
  readonly plan: Plan;
  readonly hooks: Hooks;

  constructor(runner: Runner, journal: Journal, plan: Plan, hooks: Hooks) {
    this.runner = runner;
    this.journal = journal;
    this.plan = plan;
    this.hooks = hooks;
  }

  gateIs(closed: boolean): void {
    this.hooks.onGate?.(closed);
  }

  /** Drops a helper table, whatever its size. */
  drop(table: QualifiedName): Promise<void> {
    return dropHelper(this.runner, table);
  }
}
