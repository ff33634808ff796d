import { randomUUID } from "node:crypto";
import { uuidOf } from "../../clickhouse/catalog";
import type { ClusterMembers, Connection } from "../../connection/connection";
import { SchemaError } from "../../errors";
import { rightsToCreate } from "../../kinds/object";
import { start } from "../../operation/engine";
import { JOURNAL_TABLE } from "../../operation/journal";
import { Problems } from "../../operation/problems";
import { refuseOwnJournals } from "../../operation/replicated-journal";
import { journalRights, refuseRights, rightsIn } from "../../operation/rights";
import type { Runner } from "../../operation/runner";
import { backtick, qualifiedName } from "../../sql/identifiers";
import type { TableSpec } from "../../sql/spec";
import { parseTable } from "../rebuild/context";
import type { Examined, RebuildRequest } from "../rebuild/examine";
import { DEFAULT_KEEP, type RebuildOptions, type RebuildResult } from "../rebuild/options";
import { refuseColumns, refuseOthers } from "../rebuild/refusals";
import { refuseSpace, type Space, spaceFor } from "../rebuild/space";
import type { ClusterRebuildPlan } from "./context";
import { type Fleet, openFleet } from "./fleet";
import { CLUSTER_REBUILD } from "./protocol";
import { refuseDefinitions, refuseHosts } from "./refusals";

/** Longest time that inserts are refused in one go, in milliseconds. */
const GATE = 8000;
/** The same on a slow cluster. */
export const LONGEST_GATE = 15_000;
/** How long a statement may wait in the queue of ON CLUSTER before that counts as held up, in seconds. */
const HELD = 15;
/** Statements on all hosts that the refusal is long enough for. */
const ROUND_TRIPS = 10;

/**
 * Gives a replicated table another key, partitioning or engine on all shards and replicas of a cluster, and keeps its rows, while clients continue to
 * write on any host and through Distributed tables. Called again with the same operation, it resumes.
 *
 * @throws {SchemaError} when it is refused, before anything is changed; or when a problem is found later, with what to do.
 */
export async function rebuildOnCluster(connection: Connection, options: RebuildOptions): Promise<RebuildResult> {
  const to = parseTable(options.to);
  return start(CLUSTER_REBUILD, connection, {
    ...{ database: to.database, operation: options.operation, hooks: options, label: qualifiedName(to) },
    isWanted: (plan) => plan.from === options.from && plan.to === options.to,
    plan: (runner) => planRebuild(runner, options),
  });
}

async function planRebuild(runner: Runner, options: RebuildOptions): Promise<ClusterRebuildPlan> {
  const { renamed = {}, allow = [], keepOld = DEFAULT_KEEP } = options;
  (await examineOnCluster(runner, options)).problems.refuse();
  const fleet = await openFleet(runner.connection, runner.operation, options);
  const from = parseTable(options.from);
  const old: Record<string, string> = {};
  for (const { host, runner: one } of fleet.hosts) old[host.address] = (await uuidOf(one, from)) ?? "";
  return {
    ...{ kind: "cluster-rebuild", from: options.from, to: options.to },
    ...{ keepOld, renamed, allow, old, uuid: randomUUID(), cluster: membersOf(runner.connection).name },
    workers: fleet.shards.map(({ worker }) => worker.host.address),
    gate: options.gateLength ?? (await gateLength(runner, from)),
    startedAt: await runner.now(),
  };
}

export function membersOf({ cluster, url }: Connection): ClusterMembers {
  if (cluster !== undefined) return cluster;
  throw new SchemaError("internal", `${url}: is no cluster`);
}

/** Checks everything before anything is changed, for a run and for its preview. Read-only. */
export async function examineOnCluster(runner: Runner, request: RebuildRequest): Promise<Examined> {
  const { allow = [], mode = "online", renamed = {}, spaceFactor } = request;
  const [from, to] = [parseTable(request.from), parseTable(request.to)];
  const problems = new Problems();
  const refused = (space?: Space): Examined => ({ problems, space, gated: true });
  await problems.of(() => refuseColumns(from, to, renamed));
  await problems.of(() => refuseDefinitions(from, to, allow));
  await problems.of(() => refuseOffline(from, mode));
  const fleet = await problems.of(() => openFleet(runner.connection, runner.operation, {}));
  if (fleet === undefined || (await uuidOf(runner, from)) === undefined) return refused();
  await problems.of(() => refuseOthers(runner, to));
  await problems.of(() => refuseSilentHosts(fleet));
  if (problems.found.length > 0) return refused();
  await refuseHosts(problems, fleet, from, allow);
  for (const { runner: one } of fleet.hosts)
    await problems.of(async () => refuseSpace(to, await spaceFor(one, to), spaceFactor));
  await problems.of(() => refuseRebuildRights(runner, to));
  await problems.of(() => refuseHeldQueue(runner));
  const journal = { database: to.database, name: JOURNAL_TABLE };
  await problems.of(() => refuseOwnJournals(runner, membersOf(runner.connection), journal));
  return refused(await sizeOf(fleet, to));
}

function refuseOffline(from: TableSpec, mode: "online" | "offline"): void {
  if (mode === "online") return;
  throw new SchemaError(
    "option-invalid",
    `${qualifiedName(from)}: rebuild: expected "online" on a cluster, found "offline". Take it out: writers may continue`,
  );
}

export async function refuseSilentHosts({ hosts }: Fleet): Promise<void> {
  const silent: string[] = [];
  for (const { name, runner } of hosts) await runner.one("SELECT 1 AS one").catch(() => silent.push(name));
  if (silent.length === 0) return;
  throw new SchemaError(
    "host-down",
    `${silent.join(", ")} of the cluster does not answer at its address in clickhouse:nodes, and this change needs all hosts. Nothing was done; wait for it, and run again`,
  );
}

async function refuseRebuildRights({ connection }: Runner, to: TableSpec): Promise<void> {
  const helpers = [
    "CREATE TABLE",
    "DROP TABLE",
    "SELECT",
    "INSERT",
    "ALTER CONSTRAINT",
    "ALTER SETTINGS",
    "ALTER TABLE",
  ];
  const system = ["SYSTEM MERGES", "SYSTEM SYNC REPLICA", "SYSTEM RESTART REPLICA", "SYSTEM FLUSH DISTRIBUTED"];
  await refuseRights(connection, qualifiedName(to), "rebuilt", [
    ...journalRights(to.database),
    ...rightsIn(to.database, [...helpers, "TRUNCATE", "OPTIMIZE", ...system]),
    ...rightsToCreate(to),
  ]);
}

/**
 * How long inserts are refused at most: all statements behind the gate have to fit.
 *
 * @throws {SchemaError} when the queue of ON CLUSTER is too slow for that.
 */
async function gateLength(runner: Runner, { database }: TableSpec): Promise<number> {
  const { cluster, here = runner.connection } = runner.connection;
  const start = Date.now();
  await here.query(
    `CREATE DATABASE IF NOT EXISTS ${backtick(database)} ON CLUSTER ${backtick(cluster?.name ?? "")}`,
    {},
    {
      distributed_ddl_task_timeout: 30,
      distributed_ddl_output_mode: "null_status_on_timeout",
    },
  );
  const needed = ROUND_TRIPS * (Date.now() - start);
  if (needed <= LONGEST_GATE) return Math.max(GATE, needed);
  throw new SchemaError(
    "cluster-unusable",
    `a statement ON CLUSTER takes ${needed / ROUND_TRIPS} ms here, and an exchange of tables needs about ${ROUND_TRIPS}, while inserts are refused for at most ${LONGEST_GATE / 1000} s. ` +
      "See what holds the queue (system.distributed_ddl_queue), and run again",
  );
}

/** @throws {SchemaError} when statements of the cluster wait in its queue. */
export async function refuseHeldQueue({ connection }: Runner): Promise<void> {
  const { here = connection } = connection;
  const rows = await here.query<{ entry: string; address: string }>(
    "SELECT entry, concat(host, ':', toString(port)) AS address FROM system.distributed_ddl_queue " +
      `WHERE status != 'Finished' AND query_create_time < now() - ${HELD} LIMIT 3`,
  );
  if (rows.length === 0) return;
  const list = rows.map(({ address, entry }) => `${entry} on ${address}`).join(", ");
  throw new SchemaError(
    "cluster-unusable",
    `the queue of ON CLUSTER is held up: ${list} is not run yet, after more than ${HELD} s. system.distributed_ddl_queue says what it is; wait for it, and run again`,
  );
}

async function sizeOf({ shards }: Fleet, to: TableSpec): Promise<Space> {
  const sizes = await Promise.all(shards.map(({ worker }) => spaceFor(worker.runner, to)));
  const [first] = sizes;
  const free = sizes.map((one) => one.free ?? Number.MAX_SAFE_INTEGER);
  return {
    rows: sizes.reduce((sum, { rows }) => sum + rows, 0),
    bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
    free: first?.free === undefined ? undefined : Math.min(...free),
    disks: first?.disks ?? [],
    policy: first?.policy ?? "default",
  };
}
