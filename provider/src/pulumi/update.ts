import { type ApplyOptions, applyPlan, PartlyApplied } from "../apply/apply-plan";
import { awaitMutations } from "../apply/mutations";
import { newOperation } from "../apply/rebuild";
import { withoutLiterals } from "../canonical/explain";
import { digest } from "../canonical/fingerprint";
import { dropServerDefaults } from "../canonical/normal-form";
import type { Connection } from "../connection/connection";
import { codeOf, inOurWords } from "../connection/errors";
import type { ChangeOptions } from "../declare/options";
import { liveDefinition } from "../drift/compare";
import { messageOf, SchemaError } from "../errors";
import type { LiveObject } from "../introspect/live-object";
import { kindOf } from "../kinds";
import { diffObject } from "../kinds/object";
import { type Hazard, type Plan, renderPlan } from "../plan";
import { Definition } from "../sql/definition";
import { keyOf, keyParts, quotedName } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";
import { textDiff } from "../sql/text-diff";
import { ask } from "./ask";
import { awaitOldInserts, awaitWriters, changeFirst } from "./change-readers";
import type { Context } from "./context";
import { keyOfStored, type Look, tableOf } from "./current-state";
import type { First } from "./first";
import { agreed, hostsOf, isPlaced, type PlaceInputs, tellHosts } from "./hosts";
import { resumeOrAbort } from "./interrupted";
import { dropRetired } from "./old-table-expiry";
import { type Change, type Planned, planChange, refuseHazards } from "./planning";
import { withoutValues } from "./secrets";
import { type Inputs, type Outs, outsOf } from "./state";
import { readsWhatOthersWrite } from "./views-first";

/** One update, as the Pulumi engine requests it. */
export interface UpdateRequest {
  readonly id: string;
  readonly stored: Partial<Outs>;
  readonly declared: Inputs;
  /** Code of the provider, which the Pulumi engine wants back with a partial state. */
  readonly provider: unknown;
}

/** The options of a change that no `check` of this process has seen. */
const DEFAULTS: ChangeOptions = { allow: [], renamedColumns: {}, rebuild: "online", materialize: false, lint: {} };

/**
 * Changes the live object to match the declaration.
 *
 * @returns what is stored for it.
 * @throws {SchemaError} before anything is changed, when the object is no longer what the preview saw; a partial failure, which the
 *   Pulumi engine stores and continues from, when some statements have run.
 */
export async function applyUpdate(context: Context, request: UpdateRequest): Promise<Record<string, string>> {
  const { stored, declared } = request;
  const { statement } = stored;
  const { spec: to } = Definition.read(declared.statement);
  const key = keyOf(to);
  const urn = context.checked.get(key)?.urn;
  const seen = context.planned.get(key);
  const isSettled = seen === undefined && stored.__unsettled === undefined && isPlaced(stored, declared);
  if (statement === undefined || (statement === declared.statement && isSettled)) {
    // The plan of an unchanged object only drops old tables; other differences on the server have not been shown.
    if (declared.plan !== undefined) await dropRetired(context, await context.connection(), request, urn);
    return outsOf(declared, stored.__observed, urn);
  }
  const sensitive = context.checked.get(key)?.sensitive === true;
  const options = context.options.get(key) ?? DEFAULTS;
  const change: Change = seen ?? { urn, sensitive, stored: { ...stored, statement }, to, options };
  try {
    const connection = await context.connectionOf(key);
    const look: Look = async (key) => ({ asked: true, live: await context.live.findNow(key) });
    // Not while another row changes it.
    const planned = await context.turns.ofObject(key, async () => {
      const now = await planChange(context, look, change, true);
      // What differs because another row has changed it for what it reads is part of what was shown.
      if (now.live === undefined || context.changedHere.get(key) !== now.live.statement)
        refuseSurprise(seen, now, change);
      refuseHazards(context, now, change);
      return { ...now, asOf: context.changedHere.get(key) };
    });
    const done = await run(context, connection, { ...planned, first: seen?.first ?? [] }, change, request);
    await dropRetired(context, connection, request, urn);
    return outsOf({ ...declared, ...done.place }, sensitive ? undefined : done.observed, urn);
  } catch (error) {
    if ("reasons" in (error as object)) throw error;
    const values = context.secrets.get(key)?.values;
    if (values !== undefined) throw new SchemaError(codeOf(error), withoutValues(error, values));
    if (!sensitive) throw inOurWords(error, declared.qualifiedName);
    throw new SchemaError(codeOf(error), withoutLiterals(messageOf(error), declared.statement, statement));
  }
}

/** @throws {SchemaError} when something other than what `check` has shown would run. */
function refuseSurprise(seen: Planned | undefined, now: Planned, { to, sensitive }: Change): void {
  if (seen === undefined || now.plan.steps.length === 0 || seen.pending?.action === "resume") return;
  // The number of affected rows may differ, but not whether there are any.
  const [before, after] = [seen, now].map(({ plan }) => renderPlan(withoutFound(plan))) as [string, string];
  if (before === after) return;
  const diff = sensitive ? "(the statement is secret)" : textDiff(before, after, "previewed", "now");
  throw new SchemaError(
    "plan-changed",
    `${quotedName(keyOf(to))}: is no longer what the preview saw, so nothing was done. Look at the new preview and run again.\n${diff}`,
  );
}

function withoutFound({ steps }: Plan): Plan {
  const bare = ({ found: _, ...rest }: Hazard): Hazard => rest;
  return { steps: steps.map((step) => ({ ...step, hazards: step.hazards.map(bare) })) };
}

/** What the server has after a change. */
interface Done {
  /** Digest of its statement. */
  readonly observed: string;
  readonly place: PlaceInputs;
}

/** Runs the plan and checks the result. */
async function run(
  context: Context,
  connection: Connection,
  planned: Planned & { readonly first: readonly First[]; readonly asOf: string | undefined },
  change: Change,
  request: UpdateRequest,
): Promise<Done> {
  const { sensitive, to, urn } = change;
  let { changes, plan } = planned;
  const table = tableOf(keyOf(to));
  // The messages quote statements.
  const tell = (message: string): void =>
    void context.log.status(urn, sensitive ? "changing it (the statement is secret)" : message);
  let began = false;
  try {
    if (planned.pending !== undefined) {
      await resumeOrAbort(connection, planned.pending, tell);
      began = true;
      plan = await ask(context, plan, planned.from.key, urn, true);
      refuseHazards(context, { ...planned, plan }, change);
    }
    began = (await changeFirst(context, connection, planned.first, tell)) || began;
    await context.turns.ofObject(keyOf(to), async () => {
      // Another row may have changed it since, and a table may have got aliases for its readers, which the rename takes back.
      const isContested = context.changedHere.get(keyOf(to)) !== planned.asOf;
      if (isContested || planned.first.some(({ column }) => column !== undefined)) {
        const look: Look = async (key) => ({ asked: true, live: await context.live.findNow(key) });
        ({ changes, plan } = await planChange(context, look, change, true));
        refuseHazards(context, { ...planned, plan }, change);
      }
      if (plan.steps.length > 0 && (await readsWhatOthersWrite(context, planned.from.spec, to)))
        await awaitWriters(connection, keyOf(to));
      await awaitOldInserts(context, connection, keyOf(to), changes, plan, planned.live?.statement);
      await applyPlan(connection, table, plan, applyOptions(context, change, tell));
    });
    began ||= plan.steps.length > 0;
    // Including those that an interrupted run has left.
    if (to.kind === "table" && table) await awaitMutations(connection, table, tell);
    return await settled(context, to, urn, request.declared);
  } catch (error) {
    const isPartial = began || error instanceof PartlyApplied || (await hasMoved(context, planned));
    if (!isPartial) throw error;
    throw await partial(context, error, change, request);
  } finally {
    context.live.forget(keyOfStored(change.stored));
  }
}

function applyOptions(context: Context, { options, to, urn }: Change, tell: (message: string) => void): ApplyOptions {
  return {
    operation: newOperation(),
    allow: [...options.allow, ...context.config.allow],
    rebuild: options.rebuild,
    ...(options.keepOld !== undefined && { keepOld: options.keepOld }),
    tell,
    say: (message) => void context.log.info(urn, message),
    withSecrets: (sql) => kindOf(to.kind).withSecrets?.(sql, context.secrets.get(keyOf(to))?.values ?? {}) ?? sql,
  };
}

/** @throws {SchemaError} when the object is not what was declared. */
async function settled(context: Context, to: ObjectSpec, urn: string | undefined, place: PlaceInputs): Promise<Done> {
  const label = quotedName(keyOf(to));
  const cluster = await context.clusterOf(keyOf(to));
  const found = await agreed(context, cluster, Definition.of(to));
  const live = found?.live;
  if (found === undefined || live === undefined)
    throw new SchemaError(
      "changed-meanwhile",
      `${label}: is not there after the change; did somebody drop it in the meantime?`,
    );
  if (context.config.scratch !== "off") {
    const declared = Definition.of(to);
    const now = await liveDefinition(context, declared, live);
    if (diffObject(dropServerDefaults(now.spec, to), to).length > 0) {
      throw new SchemaError(
        "result-differs",
        `${label}: all statements ran, and the server shows something else; run \`pulumi up\` again to see what is left.\n` +
          textDiff(now.text, declared.text, "server", "declared"),
      );
    }
  }
  await tellHosts(context, cluster, urn, found.hosts);
  return { observed: digest(live.statement), place: place.hosts === undefined ? {} : { hosts: found.hosts } };
}

/**
 * Whether the server's object differs from the one before the first statement: an ALTER may fail after its metadata has been accepted.
 * Also true if the server cannot be reached.
 */
async function hasMoved(context: Context, { live }: Planned): Promise<boolean> {
  if (live === undefined) return false;
  try {
    return (await context.live.findNow(live.key))?.statement !== live.statement;
  } catch {
    return true;
  }
}

/** A failure in the form that the Pulumi engine stores: the current object, and the reason. */
async function partial(context: Context, error: unknown, change: Change, request: UpdateRequest): Promise<Error> {
  const { stored, to, urn, sensitive } = change;
  const { id, declared, provider } = request;
  const live = await currentLive(context, keyOf(to), keyOfStored(stored));
  const known = Definition.read(stored.statement);
  const { text: statement } = live === undefined ? known : await liveDefinition(context, known, live);
  const { database, name = database } = keyParts(live?.key ?? keyOf(to));
  const names = {
    ...("database" in to && { database }),
    name,
    qualifiedName: quotedName(live?.key ?? keyOf(to)),
  };
  const observed = live === undefined || sensitive ? undefined : digest(live.statement);
  const cluster = await context.clusterOf(keyOf(to));
  const hosts =
    cluster && live ? { hosts: await hostsOf(context, Definition.read(declared.statement), live, cluster) } : {};
  // Whether the new secrets have arrived is not known: the next run sets them again.
  const { secrets: _, ...others } = declared;
  const kept = stored.secrets === undefined ? {} : { secrets: stored.secrets };
  const outs = outsOf({ ...others, ...kept, ...names, ...hosts, statement }, observed, urn);
  const done = error instanceof PartlyApplied ? `${error.done} step(s) of the plan were done. ` : "";
  const text = `${messageOf(error)}\n${done}What exists now is in the state; the next \`pulumi up\` continues from there.`;
  const plain = withoutValues(new Error(text), context.secrets.get(keyOf(to))?.values);
  const reason = sensitive ? withoutLiterals(text, declared.statement, stored.statement) : plain;
  return Object.assign(new Error(reason), {
    id,
    properties: { ...outs, __unsettled: "1", __provider: provider },
    reasons: [reason],
  });
}

async function currentLive(context: Context, ...keys: string[]): Promise<LiveObject | undefined> {
  for (const key of keys) {
    const live = await context.live.findNow(key).catch(() => undefined);
    if (live !== undefined) return live;
  }
  return undefined;
}
