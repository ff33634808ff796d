import { differs } from "../apply/create";
import { withoutLiterals } from "../canonical/explain";
import type { ChangeOptions } from "../declare/options";
import { isUnknown, UNKNOWN } from "../declare/unknown";
import { liveDefinition, sameObject } from "../drift/compare";
import { reworded, SchemaError } from "../errors";
import { kindOf } from "../kinds";
import { type Plan, readShown, remark, renderShown, type ShownStep } from "../plan";
import { Definition } from "../sql/definition";
import { isAccess, keyNamed, keyOf, quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { ObjectKind, ObjectSpec } from "../sql/spec";
import { refuseIncomplete, refuseMissingNames, refuseUnwritable } from "./access";
import { type Backfill, backfillOf, lookAtAdopted, lookAtBackfill, tellTooLate } from "./backfill";
import { canonicalText } from "./canonical-text";
import { firstSteps } from "./change-readers";
import { lookAtCollection } from "./collection-uses";
import type { Context } from "./context";
import { lookAtCreation, lookAtFlow } from "./creation";
import { keyOfStored } from "./current-state";
import { declarationOf } from "./declared-spec";
import { lookAtFunction } from "./function-uses";
import { lookAtNewGrantee, refuseConfiguredGrantee, takesAway } from "./grants";
import {
  declaredPlace,
  differing,
  hostsOf,
  isPlaced,
  lookAtCluster,
  type PlaceInputs,
  refuseMisplaced,
  warnOfLeft,
} from "./hosts";
import { refuseSplit } from "./leaving";
import { leftAtWork } from "./left-at-work";
import { explainByLint, lint, lintOverrides } from "./lint";
import { retirement } from "./old-table-expiry";
import { planInput, withNotes } from "./plan-input";
import { type Change, driftOf, planChange, refuseHazards, retirementOf } from "./planning";
import { refuseReaders } from "./readers";
import { tablesUnder } from "./removal";
import { refuseUnreplicable } from "./replication";
import { checkSecrets } from "./secrets";
import { refuseUnread } from "./served";
import { placeOf } from "./server";
import { type Inputs, isSameDeclaration, type Outs, type Request, readRequest, readStored } from "./state";
import { lookAtSteps } from "./step-preview";

/** What `check` adds to the declaration about a change. */
type PlanInputs = Pick<Inputs, "plan" | "__plan" | "retired">;

type Bag = Readonly<Record<string, unknown>>;

/**
 * Turns a request into canonical inputs.
 *
 * @throws {SchemaError} with what the user has to fix.
 */
export async function checkInputs(context: Context, kind: ObjectKind, olds: Bag, news: Bag): Promise<Inputs> {
  const inputs = await inputsFor(context, kind, olds, news);
  if (inputs.plan !== undefined && isSameDeclaration(olds, inputs)) context.planAlone.add(keyOfStored(inputs));
  return inputs;
}

async function inputsFor(context: Context, kind: ObjectKind, olds: Bag, news: Bag): Promise<Inputs> {
  const imported = importedInputs(news);
  if (imported !== undefined) return imported;
  const request = readRequest(news);
  const stored = readStored(olds);
  await context.announce();
  if (isUnknown(request.statement) || isUnknown(request.name) || isUnknown(request.database))
    return unknownInputs(context, kind, request);
  const { spec, options } = declarationOf(kind, request);
  if (!request.sensitive && kindOf(spec.kind).holdsSecret?.(spec)) {
    throw new SchemaError(
      "secret-in-clear",
      `${quotedName(keyOf(spec))}: a password or a secret header is in its text, and would be stored in the state in plain text. Pass it as a Pulumi ` +
        "secret, e.g. config.requireSecret(…) in sql`…`, or put it into a named collection on the server",
    );
  }
  const key = keyOf(spec);
  refuseTwins(context, key, request);
  refuseMoves(context, key, request, stored);
  context.options.set(key, options);
  const secrets = await lookAtSecrets(context, spec, request, stored);
  const overrides = lintOverrides(context, options);
  const { text, print, isNew } = await canonicalText(context, spec, key, request, stored).catch((error: unknown) =>
    explainByLint(context, spec, overrides, request, error),
  );
  const linted = isNew ? await lint(context, parseCreate(text), overrides, request, stored.__said) : stored.__said;
  const view = { key, urn: request.urn, wanted: options.backfill !== undefined };
  const said = await tellTooLate(context, view, stored, linted);
  const inputs: Inputs = {
    ...("database" in spec && { database: spec.database }),
    name: spec.name,
    qualifiedName: quotedName(key),
    statement: text,
    ...(request.deletion !== undefined && { deletion: request.deletion }),
    ...(secrets !== undefined && { secrets }),
    // A digest of a weak secret can be guessed.
    ...(!request.sensitive && { __fingerprint: print }),
    ...(said !== undefined && { __said: said }),
    ...(spec.kind === "view" && text !== UNKNOWN && tablesUnder(context, key)),
  };
  const on = declaredPlace(context, spec, options);
  await warnOfLeft(context, request.urn, stored, on);
  const place = await placeOf(context, stored);
  Object.assign(inputs, on, place.input);
  if (text === UNKNOWN) return inputs;
  const { statement } = stored;
  if (place.elsewhere !== undefined) {
    return { ...inputs, ...(await planElsewhere(context, key, inputs, request, options, place.elsewhere)) };
  }
  if (statement !== undefined) {
    const planned = plannedInputs(context, request, { ...stored, statement }, text, options, { place: on });
    return { ...inputs, ...(await (request.sensitive ? planned.catch(withoutSecretsOf(statement, text)) : planned)) };
  }
  return { ...inputs, ...(await lookBeforeCreate(context, key, inputs, request, options)) };
}

/** The state is of another server: what is missing on this one is created here, and the objects there stay. */
async function planElsewhere(
  context: Context,
  key: string,
  inputs: Inputs,
  request: Request,
  options: ChangeOptions,
  elsewhere: string,
): Promise<PlanInputs> {
  context.elsewhere.set(key, elsewhere);
  const { urn, sensitive } = request;
  const now = (await context.identity())?.url ?? "";
  await context.warnOnce(
    undefined,
    `The state was written on ${elsewhere}, and ${now} is another server: what is not there is created there, without rows, and nothing is ` +
      `changed on ${elsewhere}. If this is a mistake, set the URL back.`,
  );
  const looked = await lookBeforeCreate(context, key, inputs, request, options);
  const isThere = (await context.reachableLive(urn, key)) !== undefined;
  if (isThere && looked.plan !== undefined) return looked;
  const create: ShownStep = sensitive ? { sql: "", hazards: [], secret: "CREATE" } : remark(`${inputs.statement};`);
  const step = isThere ? remark(`-- exists on ${now} as declared; nothing is run`) : create;
  if (!isThere) await context.log.info(urn, `plan: create on ${now}\n${renderShown([step])}`);
  return { ...looked, ...planInput([step, ...(readShown(looked.__plan) ?? [])]) };
}

/** `pulumi import` sends the stored inputs, without a request from a program: they were read from the server and are kept. */
function importedInputs(news: Bag): Inputs | undefined {
  const { name, qualifiedName, statement, ...others } = readStored(news);
  if (news["__request"] !== undefined || name === undefined || qualifiedName === undefined) return undefined;
  return statement?.startsWith("CREATE ") ? { ...others, name, qualifiedName, statement } : undefined;
}

/** Compares the secrets of a declaration with what is stored of them. @returns what is to be stored; undefined without secrets. */
async function lookAtSecrets(
  context: Context,
  spec: ObjectSpec,
  request: Request,
  stored: Partial<Outs>,
): Promise<string | undefined> {
  if (kindOf(spec.kind).withSecrets === undefined) return undefined;
  // What stands there stays.
  if (spec.kind === "user" && spec.methods === undefined) return undefined;
  const { values, text, changed } = await checkSecrets(request.secrets, stored.secrets);
  // Nobody knows what the values are on the server, so all of them are set.
  const all = "entries" in spec ? spec.entries.map((entry) => entry.key) : changed;
  const problems = values === undefined ? [] : (kindOf(spec.kind).refuseSecrets?.(spec, values) ?? []);
  if (problems.length > 0) {
    throw new SchemaError(
      "argument-invalid",
      problems.map((problem) => `${quotedName(keyOf(spec))}: ${problem}`),
    );
  }
  context.secrets.set(keyOf(spec), { values, changed: stored.statement === undefined ? all : changed });
  return text;
}

function changesSecrets(context: Context, statement: string): boolean {
  const changed = context.secrets.get(keyOf(parseCreate(statement)))?.changed ?? [];
  return changed.length > 0;
}

/** Known names stay known, so that resources that refer to them can be previewed. */
function unknownInputs(context: Context, kind: ObjectKind, request: Request): Inputs {
  const { database, name } = request;
  const known = !isUnknown(name) && !isUnknown(database);
  const key = known && name !== "" ? keyNamed(kind, database, name) : undefined;
  if (key !== undefined) {
    refuseTwins(context, key, request);
    const { urn, dependencies, sensitive } = request;
    context.checked.set(key, { urn, dependencies, sensitive, definition: undefined, fingerprint: UNKNOWN });
  }
  return {
    ...(database !== undefined && { database }),
    name,
    qualifiedName: key === undefined ? UNKNOWN : quotedName(key),
    statement: UNKNOWN,
    ...(request.deletion !== undefined && { deletion: request.deletion }),
  };
}

function refuseTwins(context: Context, key: string, request: Request): void {
  const other = context.checked.get(key);
  if (other === undefined || other.urn === undefined || other.urn === request.urn) return;
  const twin = other.urn.split("::").at(-1);
  throw new SchemaError(
    "declared-twice",
    `${quotedName(key)}: is declared twice in this stack, here and by resource "${twin}". Remove one, or give it another name`,
  );
}

/** A name that one resource leaves and another takes in one run: the order would be random. */
function refuseMoves(context: Context, key: string, { urn }: Request, stored: Partial<Outs>): void {
  const before = stored.statement === undefined ? key : keyOfStored(stored);
  if (before !== key) context.moves.set(before, { to: key, urn });
  const left = context.moves.get(key);
  const taken = before === key ? undefined : context.checked.get(before);
  const isTaken = taken !== undefined && taken.urn !== urn;
  if ((left === undefined || left.urn === urn) && !isTaken) return;
  const [from, to] = isTaken ? [before, key] : [key, left?.to ?? key];
  throw new SchemaError(
    "declared-twice",
    `${quotedName(from)}: one resource renames it to ${quotedName(to)}, and another declares an object of the old name. ` +
      "Do the rename in a run of its own, before the name is used again",
  );
}

/** What an existing object has to go through, as inputs. */
async function plannedInputs(
  context: Context,
  request: Request,
  stored: Partial<Outs> & { statement: string },
  statement: string,
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
  const isSame = stored.statement === statement && !changesSecrets(context, statement);
  // The last run had a plan, and may have failed: the inputs are stored either way.
  if (isSame && stored.plan === undefined && isPlaced(stored, place)) return told();
  const to = parseCreate(statement);
  if (isAccess(to)) await refuseUnwritable(context, urn, to, await context.reachableLive(urn, keyOfStored(stored)));
  const change: Change = { urn, sensitive, stored, to, options, ...adoption };
  const planned = await planChange(context, context.lookFor(urn), change);
  const left = isSame ? await leftAtWork(context, planned, sensitive) : [];
  if (isSame && planned.shown.length === 0 && left.length === 0) return told();
  refuseHazards(context, planned, change);
  await refuseMisplaced(context, to, options);
  if (planned.plan.steps.length > 0)
    await (await context.clusterOf(keyOf(to)))?.refuseSilent(`change ${quotedName(keyOf(to))}`);
  if (isAccess(to) && planned.plan.steps.length > 0) await refuseMissingNames(context, urn, to);
  await refuseUnread(context, request, to, planned.plan.steps);
  const first = await refuseReaders(context, planned, change);
  context.planned.set(keyOf(to), { ...planned, ...change, first });
  const drift = driftOf(context, planned, change);
  if (drift !== undefined) await context.log.warn(urn, drift);
  const keep = retirementOf(planned, options);
  const uses = [
    ...(await lookAtFunction(context, planned, change)),
    ...(await lookAtCollection(context, planned, change)),
  ];
  const flows = await lookAtFlow(context, planned, change);
  const looked = await lookAtSteps(context, planned, change);
  const own = withNotes([...withNotes([...firstSteps(first), ...planned.shown], uses), ...flows], looked);
  const input = planInput([...left, ...own, ...steps]);
  if (input.plan !== undefined) await context.log.info(urn, announce(planned.plan, input.plan));
  return { ...retired, ...input, ...(keep !== undefined && { retired: keep }) };
}

/** A plan's refusal may quote the statements before and after. */
function withoutSecretsOf(...statements: readonly string[]): (error: unknown) => never {
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

/**
 * An object that already exists is adopted at `up`. If it differs, it is planned like an update if the declaration asks for that, and
 * otherwise refused now.
 */
async function lookBeforeCreate(
  context: Context,
  key: string,
  inputs: Inputs,
  request: Request,
  options: ChangeOptions,
): Promise<PlanInputs> {
  const found = await context.reachableLive(request.urn, key);
  const declared = Definition.read(inputs.statement);
  await refuseUnwritable(context, request.urn, declared.spec, found);
  const backfill = backfillOf(context, key, inputs.statement, options, request);
  if (declared.spec.kind === "grants") {
    refuseConfiguredGrantee(declared.spec, found);
    if (found === undefined) return toldPlan(context, request, lookAtNewGrantee(context, declared.spec, request));
  }
  if (found === undefined) await refuseUncreatable(context, inputs.statement, request, options);
  if (found === undefined) {
    const looked = lookAtNew(context, declared.spec, backfill, request, options);
    return toldPlan(context, request, request.sensitive ? looked.catch(withoutSecretsOf(inputs.statement)) : looked);
  }
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
    return plannedInputs(context, request, stored, statement, options, { adopts: true, place });
  }
  // Values that no server shows cannot be compared: they are set.
  if (isSame && !changesSecrets(context, inputs.statement) && !isPartly) {
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
  const isTaken = declared.spec.kind !== "grants" || (await takesAway(context, request.urn, now.spec, declared.spec));
  if (!isSame && isTaken && ((options.adopt ?? context.config.adopt) !== "converge" || !isSameKind(now, declared))) {
    const message = differs(quotedName(key), text, { ...found, statement });
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
  const planned = plannedInputs(context, request, stored, text, options, { adopts: true, place });
  return request.sensitive ? planned.catch(withoutSecretsOf(statement, text)) : planned;
}

/** @throws {SchemaError} when the server cannot create it, as far as that can be known beforehand. */
async function refuseUncreatable(
  context: Context,
  statement: string,
  request: Request,
  options: ChangeOptions,
): Promise<void> {
  const spec = parseCreate(statement);
  await refuseMisplaced(context, spec, options);
  await refuseIncomplete(context, request.urn, spec);
  await refuseUnreplicable(context, request.urn, spec);
  await refuseUnread(context, request, spec);
  await refuseSplit(context, statement, request);
}

async function lookAtNew(
  context: Context,
  spec: ObjectSpec,
  backfill: Backfill | undefined,
  request: Request,
  options: ChangeOptions,
): Promise<ShownStep[]> {
  const created = [
    ...(await lookAtCluster(context, spec, options)),
    ...(await lookAtCreation(context, spec, request, options)),
  ];
  return backfill === undefined ? created : [...created, await lookAtBackfill(context, backfill)];
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
