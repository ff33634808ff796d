import { differs } from "../apply/create";
import { withoutLiterals } from "../canonical/explain";
import type { ChangeOptions } from "../declare/options";
import { liveDefinition, sameObject } from "../drift/compare";
import { differing } from "../drift/spread";
import { SchemaError } from "../errors";
import type { LiveObject } from "../introspect/live-object";
import { Problems } from "../operation/problems";
import { remark, type ShownStep } from "../plan";
import { isGrants } from "../sql/access/grant";
import type { Definition } from "../sql/definition";
import { keyOf, quotedName } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";
import { refuseIncomplete, refuseUnwritable } from "./access";
import { type Backfill, backfillOf, lookAtAdopted, lookAtBackfill } from "./backfill";
import { shownInChain } from "./chain-shown";
import type { Context } from "./context";
import { lookAtCreation } from "./creation";
import { lookAtNewGrantee, refuseConfiguredGrantee, takesAway } from "./grants";
import { hostsOf, lookAtCluster, refuseMisplaced } from "./hosts";
import { refuseSplit } from "./leaving";
import { planInput } from "./plan-input";
import { changesSecrets, type PlanInputs, plannedInputs, withoutSecretsOf } from "./planned-inputs";
import { writersFirst } from "./readers";
import { refuseUnreplicable } from "./replication";
import { refuseUnread } from "./served";
import type { Inputs, Request } from "./state";

/**
 * An object that already exists is adopted at `up`. If it differs, it is planned like an update if the declaration asks for that, and
 * otherwise refused now.
 */
export async function lookBeforeCreate(
  context: Context,
  declared: Definition,
  inputs: Inputs,
  request: Request,
  options: ChangeOptions,
): Promise<PlanInputs> {
  const { key } = declared;
  const found = await context.reachableLive(request.urn, key);
  await refuseUnwritable(context, request.urn, declared.spec, found);
  const backfill = backfillOf(context, declared, options, request);
  if (isGrants(declared.spec)) {
    refuseConfiguredGrantee(declared.spec, found);
    if (found === undefined) return toldPlan(context, request, lookAtNewGrantee(context, declared.spec, request));
  }
  if (found === undefined) {
    const looked = lookAtNew(context, declared, backfill, request, options);
    return toldPlan(context, request, request.sensitive ? looked.catch(withoutSecretsOf(inputs.statement)) : looked);
  }
  return lookAtAdoption(context, { inputs, request, options, backfill }, declared, found);
}

interface Adopting {
  readonly inputs: Inputs;
  readonly request: Request;
  readonly options: ChangeOptions;
  readonly backfill: Backfill | undefined;
}

/** @throws {SchemaError} when the existing object differs, and the declaration does not ask to change it. */
async function lookAtAdoption(
  context: Context,
  { backfill, inputs, options, request }: Adopting,
  declared: Definition,
  found: LiveObject,
): Promise<PlanInputs> {
  const isSame = await sameObject(context, declared, found);
  const place = { ...(inputs.cluster && { cluster: inputs.cluster }), ...(inputs.hosts && { hosts: inputs.hosts }) };
  const isPartly = isSame && inputs.hosts !== undefined && (await hostsOf(context, declared, found)) !== inputs.hosts;
  if (isPartly && (await differing(context, declared, found)).length === 0) {
    await context.log.info(
      request.urn,
      "exists on some hosts as declared; it will be adopted, and created where it is missing.",
    );
    const { database, name, qualifiedName, statement } = inputs;
    const stored = { ...(database !== undefined && { database }), name, qualifiedName, statement };
    return plannedInputs(context, request, stored, declared, options, { adopts: true, place });
  }
  // Values that no server shows cannot be compared: they are set.
  if (isSame && !changesSecrets(context, declared) && !isPartly) {
    await context.log.info(request.urn, "exists on the server and equals the declaration; it will be adopted.");
    return backfill === undefined
      ? {}
      : toldPlan(
          context,
          request,
          lookAtAdopted(context, backfill).then((step) => (step === undefined ? [] : [step])),
        );
  }
  const { statement: text } = inputs;
  const now = await liveDefinition(context, declared, found);
  const { text: statement } = now;
  const isTaken = !isGrants(declared.spec) || (await takesAway(context, request.urn, now.spec, declared.spec));
  if (!isSame && isTaken && ((options.adopt ?? context.config.adopt) !== "converge" || !isSameKind(now, declared))) {
    const message = differs(quotedName(declared.key), text, { ...found, statement });
    throw new SchemaError("object-differs", request.sensitive ? withoutLiterals(message, text) : message);
  }
  await context.log.info(
    request.urn,
    isSame
      ? "exists on the server; it will be adopted, and its values, which the server does not show, are set by the plan."
      : "exists on the server and differs; it will be adopted and changed by the plan.",
  );
  const { database, name, qualifiedName } = inputs;
  const stored = { ...(database !== undefined && { database }), name, qualifiedName, statement };
  const planned = plannedInputs(context, request, stored, declared, options, { adopts: true, place });
  return request.sensitive ? planned.catch(withoutSecretsOf(statement, text)) : planned;
}

/** @throws {SchemaError} with all that the server would refuse, as far as that can be known beforehand. */
async function lookAtNew(
  context: Context,
  declared: Definition,
  backfill: Backfill | undefined,
  request: Request,
  options: ChangeOptions,
): Promise<ShownStep[]> {
  const { spec } = declared;
  const { urn } = request;
  const problems = new Problems();
  await problems.of(() => refuseMisplaced(context, spec, options));
  await problems.of(() => refuseIncomplete(context, urn, spec));
  await problems.of(() => refuseUnreplicable(context, urn, spec));
  await problems.of(() => refuseUnread(context, request, spec));
  await problems.of(() => refuseSplit(context, declared, request));
  const onCluster = await problems.of(() => lookAtCluster(context, spec, options));
  // Where a host does not answer, the rest would only fail there.
  if (onCluster === undefined) problems.refuse();
  const created = await lookAtCreation(context, spec, request, options, problems);
  const filled = backfill && (await problems.of(() => lookAtBackfill(context, backfill)));
  problems.refuse();
  const first = await lookAtChain(context, spec, urn);
  return [...first, ...(onCluster ?? []), ...created, ...(filled === undefined ? [] : [filled])];
}

/** Views that are to write what a new one reads before it is there: its rows would have a default, which it may not take. */
async function lookAtChain(context: Context, spec: ObjectSpec, urn: string | undefined): Promise<ShownStep[]> {
  return context.turns.ofChains(async () => {
    const first = await writersFirst(context, urn, spec);
    if (first.length === 0) return [];
    context.beforeNew.set(keyOf(spec), first);
    const shown = [remark("-- then it is created, once inserts under way have ended (none is refused)")];
    return shownInChain(context, keyOf(spec), first, { changes: [], plan: { steps: [] } }, shown);
  });
}

async function toldPlan(
  context: Context,
  { urn }: Request,
  looked: Promise<readonly ShownStep[]>,
): Promise<PlanInputs> {
  const input = planInput(await looked);
  if (input.plan !== undefined) await context.log.info(urn, `plan:\n${input.plan}`);
  return input;
}

function isSameKind(live: Definition, declared: Definition): boolean {
  try {
    return live.spec.kind === declared.spec.kind;
  } catch {
    return false;
  }
}
