import { DEFAULT_KEEP } from "../apply/rebuild/options";
import { type Renamed, rewrite } from "../apply/rename";
import { dropServerDefaults } from "../canonical/normal-form";
import { isReplicated } from "../clickhouse/engines";
import type { ClusterConnection } from "../cluster/cluster-connection";
import type { ChangeOptions } from "../declare/options";
import type { Change as ObjectChange } from "../diff";
import { SchemaError } from "../errors";
import type { LiveObject } from "../introspect/live-object";
import { diffObject, planObject } from "../kinds/object";
import {
  type Hazard,
  NEED_ALLOW,
  type Plan,
  remark,
  renderMessage,
  replaceStatement,
  type ShownStep,
  type Step,
  showPlan,
  showSecretPlan,
  unasked,
} from "../plan";
import { followRenames as followRenamed } from "../sql/access/references";
import { Definition } from "../sql/definition";
import { isAccess, keyOf, objectKey, quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import { renderCreate } from "../sql/render";
import type { ObjectSpec } from "../sql/spec";
import { textDiff } from "../sql/text-diff";
import { ask } from "./ask";
import type { Context } from "./context";
import { keyOfStored, type Look, readCurrent } from "./current-state";
import { gateShown, withRetypesGated } from "./gated-retypes";
import { accessFacts } from "./grants";
import { describeInterrupted, findInterrupted, type InterruptedOperation } from "./interrupted";
import { mendSteps } from "./mend";
import { withRenamedColumns } from "./policy-columns";
import { canRefill } from "./refill";
import type { Outs } from "./state";
import { refuseOnCluster } from "./unsupported-on-cluster";

/** What changes, and how. */
export interface Change {
  readonly urn: string | undefined;
  readonly sensitive: boolean;
  readonly stored: Partial<Outs> & { statement: string };
  readonly to: ObjectSpec;
  readonly options: ChangeOptions;
  /** It exists on the server and not in the state, and `create` changes it to match the declaration. */
  readonly adopts?: true;
}

/** A plan, and what it starts from. */
export interface Planned {
  readonly plan: Plan;
  readonly changes: readonly ObjectChange[];
  /** For people; without statements if the object is sensitive. Empty if nothing has to run. */
  readonly shown: readonly ShownStep[];
  /** The existing object; undefined if the server could not be reached. */
  readonly live: LiveObject | undefined;
  /** What the plan starts from. */
  readonly from: Definition;
  /** An interrupted operation on the object, which is resumed or aborted first. */
  readonly pending?: InterruptedOperation;
}

/** Plans a change from what is on the server or, if that cannot be reached, from the state. Changes nothing. */
export async function planChange(context: Context, look: Look, change: Change, runs = false): Promise<Planned> {
  const { to, options, stored, sensitive } = change;
  const current = await readCurrent(context, look, stored, to);
  const pending = await findInterrupted(context, look, current, to);
  const { live } = current;
  const from = followRenames(context, pending?.from.spec ?? current.spec, to);
  const begins = Definition.of(from);
  const { renamedColumns, materialize } = options;
  const newSecrets = context.secrets.get(keyOf(to))?.changed ?? [];
  const changes = diffObject(from, to, { renamedColumns, newSecrets });
  const target = targetColumns(context, to);
  const refills = changes.length > 0 && (await canRefill(context, change.urn, to));
  const server = (await context.reachableServer(change.urn))?.capabilities;
  const cluster = live === undefined ? undefined : await context.clusterOf(keyOf(to));
  const planOptions = {
    ...(await accessFacts(context, change.urn, to, live)),
    materialize,
    isReplicated: cluster !== undefined || (await inReplicatedDatabase(context, change)),
    onCluster: cluster !== undefined,
    canRefill: refills,
    ...(target && { targetColumns: target }),
    ...(server && { server }),
  };
  const bare = planObject(from, to, changes, planOptions);
  const own = live === undefined || cluster !== undefined ? bare : await withRetypesGated(context, live, changes, bare);
  if (cluster !== undefined) await refuseOnCluster(cluster, own, to);
  const mended =
    cluster && live && pending === undefined ? await mendSteps(context, cluster, live, to, planOptions) : [];
  const planned = mended.length === 0 ? own : { steps: [...own.steps, ...mended] };
  // Resuming or aborting an operation may exchange tables, so the rows are checked after that.
  const plan =
    live === undefined || pending !== undefined
      ? unasked(planned)
      : await ask(context, planned, live.key, change.urn, runs);
  for (const step of plan.steps) if (step.kind === "rename") context.renames.push(step);
  const steps = sensitive ? showSecretPlan(plan) : showPlan(await asRun(cluster, plan), live);
  const follows =
    plan.steps.length === 0 &&
    pending === undefined &&
    from !== current.spec &&
    begins.text !== renderCreate(current.spec)
      ? [remark("-- follows the rename of what it names; nothing else runs")]
      : [];
  const shown = [
    ...follows,
    ...(pending ? [remark(describeInterrupted(pending))] : []),
    ...gateShown(changes, plan),
    ...steps,
  ];
  return { plan, changes, shown, live, from: begins, ...(pending && { pending }) };
}

/** The plan with its statements as they are sent. */
async function asRun(cluster: ClusterConnection | undefined, plan: Plan): Promise<Plan> {
  if (cluster === undefined) return plan;
  const steps = plan.steps.map(async (step): Promise<Step> => {
    if (step.kind === "statement") return { ...step, sql: await cluster.asRun(step.sql) };
    if (step.kind !== "rebuild" || step.holdsRows) return step;
    return { kind: "statement", sql: await cluster.asRun(replaceStatement(step.to)), hazards: step.hazards };
  });
  return { steps: await Promise.all(steps) };
}

/** Whether the object's database passes statements on to other replicas. */
async function inReplicatedDatabase(context: Context, { urn, to }: Change): Promise<boolean> {
  if (!("database" in to)) return false;
  const live = await context.reachableLive(urn, objectKey(to.database));
  return isReplicated(live?.engine);
}

/** The object after this run has renamed its sources or its database, which updates the names in it. */
function followRenames(context: Context, spec: ObjectSpec, to: ObjectSpec): ObjectSpec {
  if (isAccess(spec)) {
    const followed = followRenamed(spec, (key) => context.moves.get(key)?.to);
    return followed.kind === "rowPolicy" ? withRenamedColumns(context, followed) : followed;
  }
  const others = context.renames.filter((renaming) => keyOfName(renaming.to) !== keyOf(to));
  if (others.length === 0 || !("database" in spec)) return spec;
  return parseCreate(others.reduce((statement, renaming) => rewrite(statement, renaming).text, renderCreate(spec)));
}

/** @throws {SchemaError} when the plan needs the user's permission, saying for what and how to give it. */
export function refuseHazards(context: Context, { plan }: Planned, { to, options, sensitive }: Change): void {
  if (sensitive && plan.steps.some(isJournaled)) {
    throw new SchemaError(
      "secret-in-journal",
      `${quotedName(keyOf(to))}: not changed: an argument is secret, and the journal of such a change, a table in the database, would keep the ` +
        "statement. Put the secret into the server's configuration (a named collection, a disk), or make the change manually",
    );
  }
  refuseUnallowed(
    context,
    plan.steps.flatMap(({ hazards }) => hazards),
    { to, options, sensitive },
  );
}

/** @throws {SchemaError} for hazards that need the user's permission. */
export function refuseUnallowed(
  context: Context,
  hazards: readonly Hazard[],
  { to, options, sensitive }: Pick<Change, "to" | "options" | "sensitive">,
): void {
  const allowed = new Set([...options.allow, ...context.config.allow]);
  const refused = hazards.filter(({ kind }) => NEED_ALLOW.has(kind) && !allowed.has(kind));
  if (refused.length === 0) return;
  const kinds = [...new Set(refused.map(({ kind }) => kind))];
  const list = kinds.map((kind) => `"${kind}"`).join(", ");
  throw new SchemaError(
    "permission-needed",
    [
      `${quotedName(keyOf(to))}: this change needs your permission; nothing was changed:`,
      ...refused.map((one) => `  ${one.kind}: ${sensitive ? "(the statement is secret)" : renderMessage(one)}`),
      `To proceed, set allow: [${list}] on the resource, or \`pulumi config set clickhouse:allow ${kinds.join(",")}\` for the whole stack`,
    ].join("\n"),
  );
}

/** Whether the step stores the object's statement in the database. */
function isJournaled(step: Step): boolean {
  if (step.kind === "rebuild") return step.holdsRows;
  return step.kind !== "statement" && step.kind !== "rename";
}

/** How the server differs from the state: somebody else changed it, or an earlier run stopped half way. */
export function driftOf(context: Context, planned: Planned, { stored, sensitive, to }: Change): string | undefined {
  const { from, live, pending } = planned;
  if (live === undefined || pending !== undefined || keyOfStored(stored) !== live.key) return undefined;
  const known = followRenames(context, Definition.read(stored.statement).spec, to);
  if (diffObject(known, dropServerDefaults(from.spec, known)).length === 0) return undefined;
  const diff = sensitive ? "(the statement is secret)" : textDiff(stored.statement, from.text, "state", "server");
  return `on the server it differs from the state; the plan starts from the server.\n${diff}`;
}

/** How long old rows that the plan leaves behind are kept, as an input's value; undefined if there are none. */
export function retirementOf({ plan }: Planned, { keepOld = DEFAULT_KEEP }: ChangeOptions): string | undefined {
  const leaves = plan.steps.some((step) => {
    if (step.kind === "rebuild") return step.holdsRows;
    return (step.kind === "externalise-view" || step.kind === "recreate-view") && step.from.to === undefined;
  });
  return leaves ? `kept for ${spelled(keepOld)}` : undefined;
}

/** In the largest unit that gives a whole number. */
function spelled(seconds: number): string {
  const units = [
    [604_800, "w"],
    [86_400, "d"],
    [3600, "h"],
    [60, "m"],
  ] as const;
  const [size, unit] = units.find(([size]) => seconds >= size && seconds % size === 0) ?? [1, "s"];
  return `${seconds / size}${unit}`;
}

function keyOfName({ database, ...rest }: Renamed): string {
  return "name" in rest ? objectKey(database, rest.name as string) : objectKey(database);
}

/** Columns of the table that a materialized view writes to, as declared or as they are in this run. */
function targetColumns(context: Context, to: ObjectSpec): string[] | undefined {
  if (to.kind !== "materializedView" || to.to === undefined) return undefined;
  const target = context.checked.get(objectKey(to.to.database, to.to.name))?.definition?.spec;
  return target?.kind === "table" ? target.columns.map(({ name }) => name) : undefined;
}
