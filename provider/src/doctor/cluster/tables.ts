import { plural } from "../../util/format";
import { type Check, check } from "../check";
import { type Host, type Node, nameOf } from "./hosts";

/** A replicated table on a node. */
export interface Replica {
  readonly node: Node;
  /** Quoted and qualified. */
  readonly table: string;
  readonly path: string;
  readonly isReadonly: boolean;
  readonly isSessionExpired: boolean;
  /** Seconds. */
  readonly delay: number;
  /** Entries that wait. */
  readonly queue: number;
  readonly replicas: number;
  readonly exception: string;
}

/** A table on some nodes. */
export interface PlainTable {
  /** Quoted and qualified. */
  readonly table: string;
  readonly engine: string;
  readonly nodes: readonly Node[];
}

/** A statement ON CLUSTER that a host has not run. */
export interface QueueEntry {
  readonly entry: string;
  /** `host:port`. */
  readonly host: string;
  /** Seconds. */
  readonly age: number;
}

/** Seconds that a replica may be behind the others. */
const LAG = 60;
/** Seconds that a statement may wait in the queue of ON CLUSTER. */
const QUEUED = 60;

/** State and lag of replicas, and those of one shard that are none of each other. */
export function replicaChecks(hosts: readonly Host[], replicas: readonly Replica[], limit = LAG): Check[] {
  const found: Check[] = [];
  const name = (one: Replica): string => `${one.table} on ${nameOf(one.node, hosts)}`;
  const readonly = replicas.filter(({ isReadonly, isSessionExpired }) => isReadonly || isSessionExpired);
  if (readonly.length > 0) {
    const message = `read-only, without a session in Keeper: ${someOf(readonly.map(name))}`;
    const next =
      "See that Keeper runs and the host reaches it; if its path there is lost: SYSTEM RESTORE REPLICA on that host";
    found.push(check("cluster-replicas", "error", message, next));
  }
  const behind = replicas.filter(({ delay }) => delay > limit);
  if (behind.length > 0) {
    const list = behind.map((one) => {
      const why = one.exception === "" ? "" : `: ${one.exception.slice(0, 200)}`;
      return `${name(one)} by ${one.delay} s (${one.queue} in its queue${why})`;
    });
    const next =
      "Wait for it, or see system.replication_queue on that host: stopped fetches (SYSTEM START FETCHES), a full disk, a lost part. A rebuild waits for it";
    found.push(check("cluster-lag", "warning", `behind the other replicas: ${someOf(list)}`, next));
  }
  found.push(...pathChecks(hosts, replicas));
  return found.length > 0 ? found : [check("cluster-replicas", "ok", "all replicas can be written and keep up")];
}

function pathChecks(hosts: readonly Host[], replicas: readonly Replica[]): Check[] {
  const groups = new Map<string, Replica[]>();
  for (const one of replicas) {
    const key = `${one.node.shard}\0${one.table}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const found: Check[] = [];
  for (const group of groups.values()) {
    const [first] = group;
    if (first === undefined) continue;
    const paths = new Set(group.map(({ path }) => path));
    if (paths.size > 1) {
      const list = group.map(({ node, path }) => `${nameOf(node, hosts)} ${path}`);
      const message = `${first.table} is two tables in shard ${first.node.shard}, which do not replicate each other: ${list.join("; ")}`;
      const next =
        "Usually an EXCHANGE or CREATE ran on one host only. Nothing touches it; decide which rows are right, and copy the others manually";
      found.push(check("cluster-paths", "error", message, next));
    } else if (group.length > first.replicas) {
      const message = `${first.table}: ${group.length} hosts of shard ${first.node.shard} have it, and Keeper knows ${first.replicas} replicas`;
      found.push(check("cluster-paths", "error", message, "SYSTEM RESTORE REPLICA on the host that is not among them"));
    }
  }
  return found;
}

/** MergeTree tables that do not replicate, where a shard has more than one replica. */
export function plainChecks(hosts: readonly Host[], tables: readonly PlainTable[]): Check[] {
  const found = tables.filter(({ nodes }) => {
    const shards = nodes.map(({ shard }) => shard);
    return new Set(shards).size < shards.length || hosts.some((host) => isBeside(host, nodes));
  });
  if (found.length === 0)
    return [check("cluster-plain", "ok", "no MergeTree table with rows of its own on each replica")];
  const list = found.map(({ table, engine, nodes }) => `${table} (${engine}, on ${plural(nodes.length, "host")})`);
  const message = `not replicated, so each host has rows of its own and a read gets those of the host that it reaches: ${someOf(list)}`;
  return [
    check(
      "cluster-plain",
      "warning",
      message,
      'Declare them with a replicated engine, e.g. engine: "ReplicatedMergeTree"',
    ),
  ];
}

/** Whether it is in a shard that one of these is in too. */
function isBeside(host: Host, nodes: readonly Node[]): boolean {
  return nodes.some(({ shard, number }) => shard === host.shard && number !== host.number);
}

export function queueCheck(entries: readonly QueueEntry[], limit = QUEUED): Check {
  const late = entries.filter(({ age }) => age > limit);
  if (late.length === 0) return check("cluster-queue", "ok", "no statement ON CLUSTER waits");
  const oldest = Math.max(...late.map(({ age }) => age));
  const byHost = new Map<string, number>();
  for (const { host } of late) byHost.set(host, (byHost.get(host) ?? 0) + 1);
  const list = [...byHost].map(([host, count]) => `${plural(count, "statement")} on ${host}`);
  const message =
    `statements ON CLUSTER that did not run: ${list.join(", ")}, the oldest (${late.find(({ age }) => age === oldest)?.entry}) ${renderAge(oldest)} old. ` +
    "Each host runs them one after the other, and after 7 days they are deleted";
  const next =
    "See system.distributed_ddl_queue, and the host's log for DDLWorker: it is down, runs a long statement, repeats one that fails, or does not find itself";
  return check("cluster-queue", "warning", message, next);
}

function renderAge(seconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400, "day"],
    [3600, "hour"],
    [60, "minute"],
  ];
  const [size, name] = units.find(([least]) => seconds >= least) ?? [1, "second"];
  return plural(Math.round(seconds / size), name);
}

/** A few of many. */
function someOf(list: readonly string[]): string {
  const shown = list.slice(0, 5);
  return list.length > shown.length ? `${shown.join(", ")} and ${list.length - shown.length} more` : shown.join(", ");
}
