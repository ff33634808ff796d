import type { ChangeOptions } from "../declare/options";
import { isUnknown, UNKNOWN } from "../declare/unknown";
import { SchemaError } from "../errors";
import { kindOf } from "../kinds";
import { readShown, remark, renderShown, type ShownStep } from "../plan";
import type { Definition } from "../sql/definition";
import { keyNamed, keyOf, quotedName } from "../sql/object-key";
import type { ObjectKind, ObjectSpec } from "../sql/spec";
import type { Properties } from "../util/properties";
import { tellTooLate } from "./backfill";
import { canonicalText } from "./canonical-text";
import type { Context } from "./context";
import { keyOfStored } from "./current-state";
import { declarationOf } from "./declared-spec";
import { refuseBothGrants } from "./grants";
import { declaredPlace, warnOfLeft } from "./hosts";
import { explainByLint, lint, lintOverrides } from "./lint";
import { lookBeforeCreate } from "./look-before-create";
import { planInput } from "./plan-input";
import { type PlanInputs, plannedInputs, withoutSecretsOf } from "./planned-inputs";
import { tableOfPolicy, tablesUnder } from "./removal";
import { checkSecrets } from "./secrets";
import { placeOf } from "./server";
import { type Inputs, isSameDeclaration, type Outs, type Request, readRequest, readStored } from "./state";

/**
 * Turns a request into canonical inputs.
 *
 * @throws {SchemaError} with what the user has to fix.
 */
export async function checkInputs(
  context: Context,
  kind: ObjectKind,
  olds: Properties,
  news: Properties,
): Promise<Inputs> {
  const inputs = await inputsFor(context, kind, olds, news);
  if (inputs.plan !== undefined && isSameDeclaration(olds, inputs)) context.planAlone.add(keyOfStored(inputs));
  return inputs;
}

async function inputsFor(context: Context, kind: ObjectKind, olds: Properties, news: Properties): Promise<Inputs> {
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
  const { definition, print, isNew } = await canonicalText(context, spec, key, request, stored).catch(
    (error: unknown) => explainByLint(context, spec, overrides, request, error),
  );
  const linted =
    isNew && definition ? await lint(context, definition.spec, overrides, request, stored.__said) : stored.__said;
  const view = { definition, urn: request.urn, wanted: options.backfill !== undefined };
  const said = await tellTooLate(context, view, stored, linted);
  const inputs: Inputs = {
    ...("database" in spec && { database: spec.database }),
    name: spec.name,
    qualifiedName: quotedName(key),
    statement: definition?.text ?? UNKNOWN,
    ...(request.deletion !== undefined && { deletion: request.deletion }),
    ...(secrets !== undefined && { secrets }),
    // A digest of a weak secret can be guessed.
    ...(!request.sensitive && { __fingerprint: print }),
    ...(said !== undefined && { __said: said }),
    ...(spec.kind === "view" && definition !== undefined && tablesUnder(context, key)),
    ...(spec.kind === "rowPolicy" && tableOfPolicy(context, spec)),
  };
  const on = declaredPlace(context, spec, options);
  await warnOfLeft(context, request.urn, stored, on);
  const place = await placeOf(context, stored);
  Object.assign(inputs, on, place.input);
  if (definition === undefined) return inputs;
  const { statement } = stored;
  if (place.elsewhere !== undefined) {
    return { ...inputs, ...(await planElsewhere(context, definition, inputs, request, options, place.elsewhere)) };
  }
  if (statement !== undefined) {
    const planned = plannedInputs(context, request, { ...stored, statement }, definition, options, { place: on });
    return {
      ...inputs,
      ...(await (request.sensitive ? planned.catch(withoutSecretsOf(statement, definition.text)) : planned)),
    };
  }
  return { ...inputs, ...(await lookBeforeCreate(context, definition, inputs, request, options)) };
}

/** The state is of another server: what is missing on this one is created here, and the objects there stay. */
async function planElsewhere(
  context: Context,
  declared: Definition,
  inputs: Inputs,
  request: Request,
  options: ChangeOptions,
  elsewhere: string,
): Promise<PlanInputs> {
  const { key } = declared;
  context.elsewhere.set(key, elsewhere);
  const { urn, sensitive } = request;
  const now = (await context.identity())?.url ?? "";
  await context.warnOnce(
    undefined,
    `The state was written on ${elsewhere}, and ${now} is another server: what is not there is created there, without rows, and nothing is ` +
      `changed on ${elsewhere}. If this is a mistake, set the URL back.`,
  );
  const looked = await lookBeforeCreate(context, declared, inputs, request, options);
  const isThere = (await context.reachableLive(urn, key)) !== undefined;
  if (isThere && looked.plan !== undefined) return looked;
  const create: ShownStep = sensitive ? { sql: "", hazards: [], secret: "CREATE" } : remark(`${inputs.statement};`);
  const step = isThere ? remark(`-- exists on ${now} as declared; nothing is run`) : create;
  if (!isThere) await context.log.info(urn, `plan: create on ${now}\n${renderShown([step])}`);
  return { ...looked, ...planInput([step, ...(readShown(looked.__plan) ?? [])]) };
}

/** `pulumi import` sends the stored inputs, without a request from a program: they were read from the server and are kept. */
function importedInputs(news: Properties): Inputs | undefined {
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
  // Its way to log in stays as it is on the server.
  if (spec.kind === "user" && spec.methods === undefined) return undefined;
  const { values, text, changed } = await checkSecrets(request.secrets, stored.secrets, request.urn ?? keyOf(spec));
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
  refuseBothGrants(context, key, request.urn);
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
