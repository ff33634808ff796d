import { uuidOf } from "../../clickhouse/catalog";
import type { Connection } from "../../connection/connection";
import { SchemaError } from "../../errors";
import { start } from "../../operation/engine";
import { guardRows } from "../../operation/guard";
import type { Journal } from "../../operation/journal";
import type { Runner } from "../../operation/runner";
import type { ViewStep } from "../../plan/plan";
import { qualifiedName } from "../../sql/identifiers";
import { renderCreate } from "../../sql/render";
import { replaceViewOnCluster } from "../cluster-view/examine";
import { DEFAULT_KEEP } from "../rebuild/options";
import { selfTest } from "../rebuild/self-test";
import { type ViewPlan, viewNames } from "./context";
import type { ViewStepOptions, ViewStepResult } from "./options";
import { examineViewStep, toGuard } from "./preview";
import { VIEW } from "./protocol";
import { refuseSpecs } from "./refusals";

/**
 * Makes changes to a materialized view that no ALTER can: another target, another kind or another inner table, while clients continue to
 * write. Each row goes to the old target or the new one, and the rows of an inner table are carried over. Called again with the same
 * operation, it resumes. Inserts into the sources are refused for a moment (error 469; nothing is stored, clients should retry): once for a
 * view with a target, twice for one with an inner table.
 *
 * @throws {SchemaError} when it is refused, before anything is changed; or when a problem is found later, with what to do.
 */
export async function applyViewStep(
  connection: Connection,
  step: Pick<ViewStep, "kind" | "from" | "to">,
  options: ViewStepOptions,
): Promise<ViewStepResult> {
  refuseSpecs(step.from, step.to);
  if (connection.cluster !== undefined) return replaceViewOnCluster(connection, step, options);
  const [from, to] = [renderCreate(step.from), renderCreate(step.to)];
  return start(VIEW, connection, {
    ...{ database: step.to.database, operation: options.operation, hooks: options, label: qualifiedName(step.to) },
    isWanted: (plan) => plan.from === from && plan.to === to,
    plan: (runner, openJournal) => planViewStep(runner, openJournal, step, options),
  });
}

async function planViewStep(
  runner: Runner,
  openJournal: () => Promise<Journal>,
  step: Pick<ViewStep, "kind" | "from" | "to">,
  options: ViewStepOptions,
): Promise<ViewPlan> {
  const { allow = [], keepOld = DEFAULT_KEEP } = options;
  const { from, kind, to } = step;
  const { other: helper, retired, snapshot } = viewNames(to, options.operation);
  for (const taken of [helper, retired, snapshot]) {
    if ((await uuidOf(runner, taken)) === undefined) continue;
    throw new SchemaError(
      "operation-exists",
      `${qualifiedName(taken)}: exists, and the operation needs the name. Choose another operation name.`,
    );
  }
  const { inner } = await examineViewStep(runner, step, allow, { preview: false });
  await selfTest(runner.connection, to.database, options);
  await guardRows(runner, await openJournal(), toGuard(to, inner));
  const startedAt = await runner.now();
  return {
    ...{ kind: "view", step: kind, from: renderCreate(from), to: renderCreate(to), keepOld, allow, startedAt },
    ...(inner !== undefined && { inner }),
  };
}
