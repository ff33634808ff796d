import { Context } from "../../operation/context";
import type { Journal } from "../../operation/journal";
import type { BasePlan, OperationHooks } from "../../operation/protocol";
import type { Runner } from "../../operation/runner";
import type { MaterializedViewSpec, QualifiedName } from "../../sql/spec";
import type { OnFleet } from "../cluster-rebuild/context";
import { type Fleet, openFleet } from "../cluster-rebuild/fleet";
import { parseMaterializedView } from "../views/context";

/** The plan of an operation: the first line of its journal. */
export interface ClusterViewPlan extends BasePlan {
  readonly kind: "cluster-view";
  /** CREATE statements of the view, before and after. */
  readonly from: string;
  readonly to: string;
  /** The table whose inserts it sees. */
  readonly source: { readonly database: string; readonly name: string };
}

/** State shared by the steps of a view's replacement on a cluster. */
export class ClusterViewContext extends Context<ClusterViewPlan, OperationHooks> implements OnFleet {
  readonly to: MaterializedViewSpec;
  private opened: Promise<Fleet> | undefined;

  constructor(runner: Runner, journal: Journal, plan: ClusterViewPlan, hooks: OperationHooks) {
    super(runner, journal, plan, hooks);
    this.to = parseMaterializedView(plan.to);
  }

  get fed(): QualifiedName {
    return this.plan.source;
  }

  get closes(): readonly QualifiedName[] {
    return [this.plan.source];
  }

  /** @throws {SchemaError} as {@link openFleet}. */
  fleet(): Promise<Fleet> {
    this.opened ??= openFleet(this.runner.connection, this.runner.operation, this.hooks);
    return this.opened;
  }

  /** Ends what a dead runner left running on any host. */
  async endLeftovers(): Promise<void> {
    const { hosts } = await this.fleet();
    await Promise.all(hosts.map(({ runner }) => runner.endLeftovers()));
  }
}
