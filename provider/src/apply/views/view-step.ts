import { uuidOf } from "../../clickhouse/catalog";
import type { Connection } from "../../connection/connection";
import { SchemaError } from "../../errors";
import { proceed } from "../../operation/good-order";
import { guardRows } from "../../operation/guard";
import { Journal } from "../../operation/journal";
import { Runner } from "../../operation/runner";
import type { ViewStep } from "../../plan/plan";
import { qualifiedName } from "../../sql/identifiers";
import { renderCreate } from "../../sql/render";
import { DEFAULT_KEEP } from "../rebuild/options";
import { selfTest } from "../rebuild/self-test";
import { ViewContext, type ViewPlan, viewNames } from "./context";
import { openGate } from "./gated";
import { abortViewStep } from "./operations";
import type { ViewHooks, ViewStepOptions, ViewStepResult } from "./options";
import { examineViewStep, toGuard } from "./preview";
import { refuseSpecs } from "./refusals";
import { replace, replaceInner, resultOf, type ViewDone } from "./swap";

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
  refuseSpecs(step.from, step.to, options.operation);
  const runner = new Runner(connection, options.operation, options);
  const journal = await Journal.open(runner, step.to.database);
  const plan = journal.get<ViewPlan>("plan");
  if (plan === undefined) await begin(runner, journal, step, options);
  else if (plan.from !== renderCreate(step.from) || plan.to !== renderCreate(step.to)) {
    throw new SchemaError(
      "operation-exists",
      `${qualifiedName(step.to)}: operation ${options.operation} exists and does something else. Resume or abort it, or take another name.`,
    );
  }
  return goOn(new ViewContext(runner, journal, options));
}

/** Resumes an interrupted view step, on this machine or any other. */
export async function resumeViewStep(
  connection: Connection,
  operation: { readonly database: string; readonly operation: string },
  hooks: ViewHooks = {},
): Promise<ViewStepResult> {
  const runner = new Runner(connection, operation.operation, hooks);
  const journal = await Journal.ofOperation(runner, operation.database);
  return goOn(new ViewContext(runner, journal, hooks));
}

async function begin(
  runner: Runner,
  journal: Journal,
  step: Pick<ViewStep, "kind" | "from" | "to">,
  options: ViewStepOptions,
): Promise<void> {
  const { allow = [], keepOld = DEFAULT_KEEP } = options;
  const { from, kind, to } = step;
  const { other: helper, retired, snapshot } = viewNames(to, options.operation);
  for (const taken of [helper, retired, snapshot]) {
    if ((await uuidOf(runner, taken)) === undefined) continue;
    throw new SchemaError(
      "operation-exists",
      `${qualifiedName(taken)}: exists; the operation needs the name. Take another operation.`,
    );
  }
  const { inner } = await examineViewStep(runner, step, allow, { preview: false });
  await selfTest(runner.connection, to.database, options);
  await guardRows(runner, journal, toGuard(to, inner));
  const startedAt = await runner.now();
  const plan: ViewPlan = {
    ...{ kind: "view", step: kind, from: renderCreate(from), to: renderCreate(to), keepOld, allow, startedAt },
    ...(inner !== undefined && { inner }),
  };
  await journal.set("plan", plan);
}

async function goOn(context: ViewContext): Promise<ViewStepResult> {
  const { inner, journal, runner, to } = context;
  const undo = (): Promise<void> =>
    abortViewStep(runner.connection, { database: to.database, operation: runner.operation });
  const opened = (): void => context.gateIs(false);
  await proceed({ runner, journal, ends: "done", undo, brief: inner === undefined, opened }, async () => {
    await openGate(context);
    const done: ViewDone = inner === undefined ? await replace(context) : await replaceInner(context, inner);
    // A gate that could not be opened in time has opened by itself, but is still in the definition.
    await openGate(context);
    // There is no old table here for the removal of retired tables to look for.
    if (done.retired === undefined) await journal.set("removed", true);
    await journal.set("done", done);
  });
  return resultOf(context);
}
