import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterConnection } from "../cluster/cluster-connection";
import type { ChangeOptions } from "../declare/options";
import { ALL, differing, whereItIs } from "../drift/spread";
import { SchemaError } from "../errors";
import { isWritable, readStorages } from "../introspect/access/storages";
import type { LiveObject } from "../introspect/live-object";
import type { Variant } from "../introspect/spread";
import { kindOf } from "../kinds";
import { remark, type ShownStep } from "../plan";
import { isGrants } from "../sql/access/grant";
import type { Definition } from "../sql/definition";
import { quoteIdentifier } from "../sql/identifiers";
import { isAccess, keyOf, quotedName } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";
import type { Inputs, Outs } from "./state";

/** Value of the input `cluster` of an object that is on one host only. */
const ONE_HOST = "false";
/** Pauses between two looks whether all hosts have a change, in milliseconds. */
const PAUSES = [30, 60, 120, 250, 500];

/** Where an object is, as inputs. */
export type PlaceInputs = Pick<Inputs, "cluster" | "hosts">;

/**
 * Where a declared object belongs.
 *
 * @throws {SchemaError} for a cluster that is not the stack's.
 */
export function declaredPlace(context: Context, spec: ObjectSpec, { cluster: wanted }: ChangeOptions): PlaceInputs {
  const { cluster } = context.config;
  const key = keyOf(spec);
  if (!canBeOnCluster(spec)) {
    if (cluster !== undefined) context.alone.add(key);
    return {};
  }
  if (typeof wanted === "string" && wanted !== cluster) {
    const found = cluster === undefined ? "no cluster is configured" : `clickhouse:cluster is "${cluster}"`;
    throw new SchemaError(
      "cluster-unusable",
      `${quotedName(key)}: cluster: expected the stack's cluster or false, found "${wanted}", and ${found}. Set clickhouse:cluster to it, with ` +
        "cluster: false on what stays on one host; for a second cluster, use a Provider with cluster",
    );
  }
  if (cluster !== undefined && wanted === false) context.alone.add(key);
  else context.alone.delete(key);
  if (cluster === undefined) return {};
  return wanted === false ? { cluster: ONE_HOST } : { cluster, hosts: ALL };
}

/** An object of the state that was never brought to the cluster is on one host, like one that is meant to be. */
export function rememberPlace(context: Context, key: string, { cluster }: Partial<Outs>): void {
  if (context.config.cluster === undefined) return;
  if (cluster === undefined || cluster === ONE_HOST) context.alone.add(key);
  else context.alone.delete(key);
}

/** An object that leaves its cluster stays on all hosts of it. */
export async function warnOfLeft(
  context: Context,
  urn: string | undefined,
  { cluster, qualifiedName }: Partial<Outs>,
  place: PlaceInputs,
): Promise<void> {
  if (cluster === undefined || cluster === ONE_HOST || cluster === place.cluster) return;
  await context.log.warn(
    urn,
    `${qualifiedName}: stays on all hosts of cluster ${cluster}, and is changed and dropped only ${place.hosts === undefined ? "on the one that the URL reaches" : `on those of ${place.cluster}`} from now on.`,
  );
}

/** Whether an object is, or was last seen, where it is declared. */
export function isPlaced(stored: Partial<Outs>, place: PlaceInputs): boolean {
  return stored.cluster === place.cluster && (stored.hosts ?? ALL) === (place.hosts ?? ALL);
}

/**
 * @throws {SchemaError} for an explicit cluster in a database that hands statements on itself, for a role or the like that only one host
 *   would get, and for one host behind a load balancer.
 */
export async function refuseMisplaced(context: Context, spec: ObjectSpec, { cluster }: ChangeOptions): Promise<void> {
  if (!canBeOnCluster(spec)) return refuseAccess(context, spec);
  if (cluster === false) return refuseBalanced(context, spec);
  if (typeof cluster !== "string" || !("database" in spec)) return;
  const connection = await context.clusterOf(keyOf(spec));
  if (connection === undefined || !(await connection.handsOn(spec.database))) return;
  throw new SchemaError(
    "cluster-unusable",
    `${quotedName(keyOf(spec))}: cluster: expected none, found "${cluster}": its database is Replicated, and runs each statement on all of its ` +
      "replicas itself. Take the argument out",
  );
}

/** Behind a load balancer there is no one host that the URL reaches. */
async function refuseBalanced(context: Context, spec: ObjectSpec): Promise<void> {
  if (context.config.cluster === undefined || (await context.reachableServer(undefined)) === undefined) return;
  const connection = await context.stackCluster();
  if (connection === undefined || !(await connection.isBalanced())) return;
  throw new SchemaError(
    "cluster-unusable",
    `${quotedName(keyOf(spec))}: cluster: expected one host for false, found that ${connection.url} leads to another one each time. Set clickhouse:url to ` +
      "the host that is to have it, or take the argument out",
  );
}

/** Users, roles, collections and the like are not brought to other hosts. */
function canBeOnCluster(spec: ObjectSpec): boolean {
  return kindOf(spec.kind).options.includes("cluster");
}

/** Access control is on all hosts by itself, or on one: a statement goes to one host, once. */
async function refuseAccess(context: Context, spec: ObjectSpec): Promise<void> {
  if (context.config.cluster === undefined) return;
  const connection = await context.reachableServer(undefined);
  if (connection === undefined) return;
  const isStored = isAccess(spec) || isGrants(spec);
  const storages = isStored ? await readStorages(connection) : [];
  if (storages === undefined) {
    const [row] = await connection.query<{ user: string }>("SELECT currentUser() AS user");
    throw new SchemaError(
      "objects-hidden",
      `${quotedName(keyOf(spec))}: whether the hosts of cluster ${context.config.cluster} share their ${kindOf(spec.kind).word}s is unknown, because this user may not ` +
        `see it. Allow it: GRANT SELECT ON system.user_directories TO ${quoteIdentifier(row?.user ?? "")};`,
    );
  }
  // A statement creates something in the first storage that takes it.
  if (isStored && storages.find(isWritable)?.type === "replicated") return;
  throw new SchemaError(
    "cluster-unsupported",
    `${quotedName(keyOf(spec))}: each host of cluster ${context.config.cluster} keeps ${kindOf(spec.kind).word}s for itself, and they are not brought to all of ` +
      "them yet. Declare it with one Provider for each host, without cluster; or, for users, roles and the like, keep them in Keeper (<replicated> in <user_directories>)",
  );
}

/**
 * What the plan says of a new object on a cluster; nothing without one.
 *
 * @throws {SchemaError} when a host does not answer, or the object needs more than its CREATE.
 */
export async function lookAtCluster(
  context: Context,
  spec: ObjectSpec,
  { backfill }: ChangeOptions,
): Promise<ShownStep[]> {
  if ((await context.reachableServer(undefined)) === undefined) return [];
  const cluster = await context.clusterOf(keyOf(spec));
  if (cluster === undefined) return [];
  const label = quotedName(keyOf(spec));
  if (backfill !== undefined) {
    throw new SchemaError(
      "cluster-unsupported",
      `${label}: backfill: a view is not filled from its source on a cluster (${cluster.cluster.name}) yet. Create it without, and fill its target ` +
        "by INSERT … SELECT of the rows from before, on one replica of each shard",
    );
  }
  await lookAtHosts(context, cluster, `create ${label}`);
  const { hosts, name } = cluster.cluster;
  const shards = new Set(hosts.map(({ shard }) => shard)).size;
  const handsOn = "database" in spec && (await cluster.handsOn(spec.database));
  const how = handsOn ? "its Replicated database brings it to its replicas" : `ON CLUSTER ${name}`;
  return [remark(`${CREATED} ${count(hosts.length, "host")} (${count(shards, "shard")}), ${how}`)];
}

/** How the line begins that the plan of a new object on a cluster has. */
const CREATED = "-- created on";

/** Whether a stored plan says no more than where an object was created: nothing of it can be left undone. */
export function isCreation(plan: string): boolean {
  return plan.split("\n").every((line) => line.startsWith(CREATED));
}

/** @throws {SchemaError} when a host, or Keeper, does not answer. */
export async function lookAtHosts(context: Context, cluster: ClusterConnection, what: string): Promise<void> {
  await cluster.refuseSilent(what);
  const clocks = await cluster.clocks();
  if (clocks !== undefined) await context.warnOnce(undefined, `cluster ${cluster.cluster.name}: ${clocks}.`);
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

/** On which hosts an object is as declared: {@link ALL}, or e.g. `3 of 4: missing on ch-2-1`. */
export function hostsOf(
  context: Context,
  declared: Definition,
  live: LiveObject,
  cluster?: ClusterConnection,
): Promise<string> {
  return whereItIs(context, declared, live, cluster?.waiting);
}

/**
 * Looks until all hosts that answer have what is declared, no longer than the configuration says: replicas apply a change one after the other.
 *
 * @param seen the object as it was just now.
 * @returns the object as it is then, and where; undefined if it is nowhere.
 */
export async function agreed(
  context: Context,
  cluster: ClusterConnection | undefined,
  declared: Definition,
  seen?: LiveObject,
): Promise<{ readonly live: LiveObject; readonly hosts: string } | undefined> {
  const until = Date.now() + context.config.ddlTimeout * 1000;
  for (let turn = 0; ; turn++) {
    const live = turn === 0 && seen !== undefined ? seen : await context.live.findNow(declared.key);
    if (live === undefined || cluster === undefined) return live && { live, hosts: ALL };
    const hosts = await hostsOf(context, declared, live, cluster);
    const isOver =
      hosts === ALL || Date.now() > until || onlyWaits(live, await differing(context, declared, live), cluster);
    if (isOver) return { live, hosts };
    await sleep(PAUSES[Math.min(turn, PAUSES.length - 1)]);
  }
}

/** Whether those that lack it do not answer, or have not come to it in the queue. */
function onlyWaits({ spread }: LiveObject, others: readonly Variant[], { waiting }: ClusterConnection): boolean {
  const lacking = [...(spread?.missing ?? []), ...others.flatMap(({ hosts }) => hosts)];
  return lacking.every(({ name }) => waiting.has(name));
}

/** Says on the object's row where it is. */
export async function tellHosts(
  context: Context,
  cluster: ClusterConnection | undefined,
  urn: string | undefined,
  hosts: string,
): Promise<void> {
  if (cluster === undefined) return;
  const { name, hosts: all } = cluster.cluster;
  if (hosts === ALL) return context.log.status(urn, `on all ${all.length} hosts of ${name}`);
  await context.log.warn(urn, `cluster ${name}: ${hosts}. The next \`pulumi up\` does what is still missing then.`);
}
