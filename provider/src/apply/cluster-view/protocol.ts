import { dropBeside } from "../../operation/exchange-view";
import type { OperationHooks, Protocol } from "../../operation/protocol";
import { fields, isFlag, isName, isNumber, isText, listOf, oneOf, optional, orNull } from "../../operation/shape";
import { qualifiedName } from "../../sql/identifiers";
import type { Feeder } from "../cluster-rebuild/feeders";
import { onAll } from "../cluster-rebuild/fleet";
import { openGates } from "../cluster-rebuild/gate";
import type { ViewStepResult } from "../views/options";
import { ClusterViewContext, type ClusterViewPlan } from "./context";
import { isBegun, replaceEverywhere, tidyUp } from "./replace";

/** Another target of an incremental view, on all hosts of a cluster. */
export const CLUSTER_VIEW: Protocol<ClusterViewPlan, OperationHooks, ClusterViewContext, ViewStepResult> = {
  kind: "cluster-view",
  version: 1,
  end: "done",
  plan: fields<ClusterViewPlan>({
    ...{ kind: oneOf("cluster-view"), version: optional(isNumber), from: isText, to: isText, startedAt: isNumber },
    source: isName,
  }),
  lines: {
    feeders: orNull(listOf(fields<Feeder>({ address: isText, database: isText, name: isText, uuid: isText }))),
    ...{ replaced: isFlag, done: isFlag },
  },
  steps: [{ name: "replace", line: "replaced", run: replaceEverywhere }],
  open: (runner, journal, plan, hooks) => new ClusterViewContext(runner, journal, plan, hooks),
  async finish(context) {
    await openGates(context);
    return true;
  },
  result: ({ runner }) => ({ operation: runner.operation, rows: 0 }),
  async forwardOnly(context) {
    const { journal, runner, to } = context;
    if (!journal.has("done") && !journal.has("replaced") && !(await isBegun(context))) return undefined;
    return (
      `${qualifiedName(to)}: operation ${runner.operation} has replaced the view on some host or on all, and its new target gets rows, so it cannot be rolled back. ` +
      "Resume it. To go back, change the declaration back afterwards."
    );
  },
  /** The old view was not changed: the new one beside it goes. */
  async undo(context) {
    await tidyUp(context);
    const { hosts } = await context.fleet();
    await onAll(hosts, (host) => host.persist(() => dropBeside(host.runner, context.to)));
  },
  isBrief: () => true,
  stuck: tidyUp,
  describe: async ({ journal }) => ({ step: journal.has("replaced") ? "done" : "replace" }),
};
