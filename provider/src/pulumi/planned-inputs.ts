import { withoutLiterals } from "../canonical/explain";
import type { ChangeOptions } from "../declare/options";
import { reworded, SchemaError } from "../errors";
import { Problems } from "../operation/problems";
import type { Plan } from "../plan";
import type { Definition } from "../sql/definition";
import { isAccess, keyOf, quotedName } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";
import { refuseMissingNames, refuseUnwritable } from "./access";
import { plannedAfter } from "./added-first";
import { shownInChain } from "./chain-shown";
import { lookAtCollection } from "./collection-uses";
import type { Context } from "./context";
import { lookAtFlow } from "./creation";
import { keyOfStored } from "./current-state";
import { saidWith } from "./declared-readers";
import { lookAtFunction } from "./function-uses";
import { isCreation, isPlaced, lookAtHosts, type PlaceInputs, refuseMisplaced } from "./hosts";
import { leftAtWork } from "./left-at-work";
import { retirement } from "./old-table-expiry";
import { planInput, withNotes } from "./plan-input";
import { type Change, driftOf, planChange, refuseHazards, retirementOf } from "./planning";
import { refuseReaders } from "./readers";
import { refuseUnread } from "./served";
import type { Inputs, Outs, Request } from "./state";
import { lookAtSteps } from "./step-preview";
import { readsWhatOthersWrite } from "./views-first";

/** What `check` adds to the declaration about a change. */
export type PlanInputs = Pick<Inputs, "plan" | "__plan" | "retired">;

/** What an existing object has to go through, as inputs. */
export async function plannedInputs(
  context: Context,
  request: Request,
  stored: Partial<Outs> & { statement: string },
  declared: Definition,
  options: ChangeOptions,
  { place = stored, ...adoption }: Pick<Change, "adopts"> & { readonly place?: PlaceInputs } = {},
): Promise<PlanInputs> {
  const { urn, sensitive } = request;
  const { steps, ...retired } = await retirement(context, urn, stored);
  const told = async (): Promise<PlanInputs> => {
    const input = planInput(steps);
    if (input.plan !== undefined) await context.log.info(urn, `plan: drop what a rebuild left\n${input.plan}`);
    return { ...retired, ...input };
  };
  const isSame = stored.statement === declared.text && !changesSecrets(context, declared);
  // The last run had a plan, and may have failed: the inputs are stored either way.
  const hasRun = stored.plan !== undefined && !isCreation(stored.plan);
  if (isSame && !hasRun && isPlaced(stored, place)) return told();
  const { spec: to } = declared;
  if (isAccess(to)) await refuseUnwritable(context, urn, to, await context.reachableLive(urn, keyOfStored(stored)));
  const change: Change = { urn, sensitive, stored, to, options, ...adoption };
  const planned = await planChange(context, context.lookFor(urn), change);
  const left = isSame ? await leftAtWork(context, planned, sensitive) : [];
  if (isSame && planned.shown.length === 0 && left.length === 0) return told();
  // All are told at once, so that the user can fix everything after one run.
  const problems = new Problems();
  await problems.of(() => refuseHazards(context, planned, change));
  await problems.of(() => refuseMisplaced(context, to, options));
  if (planned.plan.steps.length > 0) await refuseSilentHosts(context, to, problems);
  if (isAccess(to) && planned.plan.steps.length > 0) await problems.of(() => refuseMissingNames(context, urn, to));
  await problems.of(() => refuseUnread(context, request, to, planned.plan.steps));
  // One after the other, so that a chain is shown on the first of its rows.
  const chain = await context.turns.ofChains(async () => {
    const first = (await problems.of(() => refuseReaders(context, planned, change))) ?? [];
    context.planned.set(keyOf(to), { ...planned, ...change, first });
    const after = await plannedAfter(context, planned, change, first);
    const waits = planned.plan.steps.length > 0 && (await readsWhatOthersWrite(context, planned.from.spec, to));
    const shown = waits
      ? saidWith("-- once inserts under way have ended (none is refused):", after.shown)
      : after.shown;
    return shownInChain(context, keyOf(to), first, planned, shown);
  });
  const drift = driftOf(context, planned, change);
  if (drift !== undefined) await context.log.warn(urn, drift);
  const keep = retirementOf(planned, options);
  const uses = [
    ...((await problems.of(() => lookAtFunction(context, planned, change))) ?? []),
    ...((await problems.of(() => lookAtCollection(context, planned, change))) ?? []),
  ];
  const flows = (await problems.of(() => lookAtFlow(context, planned, change))) ?? [];
  const looked = await lookAtSteps(context, planned, change, problems);
  problems.refuse();
  const own = withNotes([...withNotes(chain, uses), ...flows], looked);
  const input = planInput([...left, ...own, ...steps]);
  if (input.plan !== undefined) await context.log.info(urn, announce(planned.plan, input.plan));
  return { ...retired, ...input, ...(keep !== undefined && { retired: keep }) };
}

/** What follows would only fail at the same host. @throws {SchemaError} with this and what was found before. */
async function refuseSilentHosts(context: Context, to: ObjectSpec, problems: Problems): Promise<void> {
  const cluster = await context.clusterOf(keyOf(to));
  if (cluster === undefined) return;
  const before = problems.found.length;
  await problems.of(() => lookAtHosts(context, cluster, `change ${quotedName(keyOf(to))}`));
  if (problems.found.length > before) problems.refuse();
}

/** A plan's refusal may quote the statements before and after. */
export function withoutSecretsOf(...statements: readonly string[]): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof SchemaError)) throw error;
    throw reworded(error, (message) => withoutLiterals(message, ...statements));
  };
}

/** The resource's row shows the first line. */
function announce({ steps }: Plan, text: string): string {
  if (steps.length === 0) return text;
  const hazards = new Set(steps.flatMap((step) => step.hazards.map(({ kind }) => kind)));
  const count = steps.length === 1 ? "1 step" : `${steps.length} steps`;
  return `plan: ${[count, ...hazards].join(", ")}\n${text}`;
}

/** Whether a value that no statement shows is new. */
export function changesSecrets(context: Context, declared: Definition): boolean {
  // Most programs have none: then nothing is parsed.
  if (context.secrets.size === 0) return false;
  const changed = context.secrets.get(declared.key)?.changed ?? [];
  return changed.length > 0;
}
