import { SKEW } from "../../cluster/census";
import { plural } from "../../util/format";
import { type Check, check } from "../check";

/** A row of `system.clusters`, on the server that is connected to. */
export interface Host {
  /** Counted from 1: its `_shard_num` in `clusterAllReplicas`. */
  readonly number: number;
  /** Counted from 1. */
  readonly shard: number;
  readonly host: string;
  /** Of the native protocol. */
  readonly port: number;
}

/** What a host that answers says of itself. */
export interface Node extends Host {
  readonly version: string;
  /** Its clock, in milliseconds since 1970. */
  readonly now: number;
  /** The members that it knows of the cluster, each as `shard:host:port`. */
  readonly members: readonly string[];
  /** How many of these it takes for itself. */
  readonly local: number;
  readonly macros: ReadonlyMap<string, string>;
}

/** How a message names a host: by name, with its port where that alone says which. */
export function nameOf(host: Host, all: readonly Host[]): string {
  const isAmbiguous = all.some((other) => other.number !== host.number && other.host === host.host);
  return isAmbiguous || /^[\d.:]+$/.test(host.host) ? `${host.host}:${host.port}` : host.host;
}

/** @param pings those of the silent hosts that answer `/ping` on the HTTP port of the connection. */
export function hostsCheck(
  cluster: string,
  hosts: readonly Host[],
  answered: ReadonlySet<number>,
  pings: ReadonlySet<number>,
): Check {
  const silent = hosts.filter(({ number }) => !answered.has(number));
  const shards = new Set(hosts.map(({ shard }) => shard)).size;
  const size = `cluster ${cluster}: ${plural(shards, "shard")}, ${plural(hosts.length, "host")}`;
  if (silent.length === 0) return check("cluster", "ok", size);
  const list = silent.map((host) => {
    const more = pings.has(host.number) ? ", which answers /ping and no query" : "";
    return `${nameOf(host, hosts)} (shard ${host.shard})${more}`;
  });
  const next =
    "Start it, or take it out of remote_servers. One that answers /ping does not serve its native port to this server: see its error log, and whether " +
    "remote_servers has that port and a user that may log in. Until then nothing is changed on the cluster";
  const message = `${size}; no answer from ${list.join(", ")}`;
  return check("cluster-hosts", "error", message, next);
}

/** Whether all nodes know the same cluster, and each finds itself in it. */
export function membersChecks(cluster: string, hosts: readonly Host[], nodes: readonly Node[]): Check[] {
  const expected = hosts.map(({ shard, host, port }) => `${shard}:${host}:${port}`);
  const found: Check[] = [];
  const file = `Give all hosts the same <remote_servers> for ${cluster}; it is read again at once (SYSTEM RELOAD CONFIG)`;
  for (const node of nodes) {
    const name = nameOf(node, hosts);
    const lacks = expected.filter((one) => !node.members.includes(one));
    const more = node.members.filter((one) => !expected.includes(one));
    if (node.members.length === 0) {
      found.push(check("cluster-members", "error", `${name} does not know cluster ${cluster}`, file));
      continue;
    }
    if (lacks.length + more.length > 0) {
      const differs = [
        ...lacks.map((one) => `lacks ${withoutShard(one)}`),
        ...more.map((one) => `has ${withoutShard(one)} as well`),
      ];
      const message = `${name} knows other hosts of cluster ${cluster} than this server: it ${differs.join(", ")}`;
      found.push(check("cluster-members", "error", message, file));
    }
    if (node.local !== 1) found.push(selfCheck(cluster, name, node));
  }
  return found.length > 0 ? found : [check("cluster-members", "ok", `all hosts know the same cluster ${cluster}`)];
}

function selfCheck(cluster: string, name: string, { local, port }: Node): Check {
  if (local > 1) {
    const message = `${name} finds itself ${local} times in cluster ${cluster}: queries count its rows so often`;
    return check("cluster-self", "error", message, "Take the repeated entry out of <remote_servers>");
  }
  const message =
    `${name} does not find itself in cluster ${cluster}: no host there is, as it resolves the names, an address of its own with its native port, so ` +
    "statements ON CLUSTER wait for it forever";
  return check(
    "cluster-self",
    "error",
    message,
    `Compare <tcp_port> and host names in <remote_servers> with what the host itself resolves (expected port: ${port}), or set <host_name> in <distributed_ddl>`,
  );
}

function withoutShard(member: string): string {
  return member.slice(member.indexOf(":") + 1);
}

/** Whether paths of replicated tables, which are made of macros, are different where they must be. */
export function macroChecks(hosts: readonly Host[], nodes: readonly Node[]): Check[] {
  const found: Check[] = [];
  const macro = (node: Node, name: string): string => node.macros.get(name) ?? "";
  const set = "Set <macros> in its configuration: shard, the same for all replicas of a shard, and replica, its own";
  for (const name of ["shard", "replica"]) {
    const without = nodes.filter((node) => !node.macros.has(name)).map((node) => nameOf(node, hosts));
    if (without.length === 0) continue;
    const message = `${without.join(", ")}: no macro {${name}}, of which paths of replicated tables are made`;
    found.push(check("cluster-macros", "error", message, set));
  }
  for (const [index, node] of nodes.entries()) {
    for (const other of nodes.slice(index + 1)) {
      const both = `${nameOf(node, hosts)} and ${nameOf(other, hosts)}`;
      const isSameShard = macro(node, "shard") === macro(other, "shard");
      if (!node.macros.has("shard") || !other.macros.has("shard")) continue;
      if (isSameShard && node.macros.has("replica") && macro(node, "replica") === macro(other, "replica")) {
        const message = `${both} have the same macros {shard} "${macro(node, "shard")}" and {replica} "${macro(node, "replica")}": only one of them can create a replicated table`;
        found.push(check("cluster-macros", "error", message, "Give each replica a {replica} of its own in <macros>"));
      } else if (isSameShard && node.shard !== other.shard) {
        const message = `${both} are in shards ${node.shard} and ${other.shard}, and both have the macro {shard} "${macro(node, "shard")}": they would replicate each other's rows`;
        found.push(check("cluster-macros", "error", message, "Give each shard a {shard} of its own in <macros>"));
      } else if (!isSameShard && node.shard === other.shard) {
        const message = `${both} are in one shard, and have the macros {shard} "${macro(node, "shard")}" and "${macro(other, "shard")}": they would not replicate each other's rows`;
        found.push(
          check("cluster-macros", "error", message, "Give all replicas of a shard the same {shard} in <macros>"),
        );
      }
    }
  }
  return found.length > 0
    ? found
    : [check("cluster-macros", "ok", "macros {shard} and {replica} tell the hosts apart")];
}

/** @param took how long the question took, in milliseconds: clocks may differ by that without being apart. */
export function clocksCheck(hosts: readonly Host[], nodes: readonly Node[], took: number, limit = SKEW): Check {
  const sorted = [...nodes].sort((one, other) => one.now - other.now);
  const [first, last] = [sorted[0], sorted.at(-1)];
  const apart = first && last ? last.now - first.now - took : 0;
  if (first === undefined || last === undefined || apart <= limit) {
    return check("cluster-clocks", "ok", "the hosts' clocks agree");
  }
  const seconds = (apart / 1000).toFixed(1);
  const message =
    `the clock of ${nameOf(last, hosts)} is ${seconds} s ahead of that of ${nameOf(first, hosts)}. A gate opens on each host by its own clock: rebuilds ` +
    `and renames on a cluster ask for less than ${limit} ms`;
  return check("cluster-clocks", "error", message, "Set all clocks by the same NTP servers");
}

export function versionsCheck(hosts: readonly Host[], nodes: readonly Node[]): Check {
  const versions = new Map<string, string[]>();
  for (const node of nodes) {
    versions.set(node.version, [...(versions.get(node.version) ?? []), nameOf(node, hosts)]);
  }
  if (versions.size <= 1) return check("cluster-versions", "ok", `all hosts run ClickHouse ${nodes[0]?.version ?? ""}`);
  const list = [...versions].map(([version, names]) => `${version} on ${names.join(", ")}`);
  const message = `the hosts run different versions: ${list.join("; ")}. What a statement means, and what a definition looks like, may differ`;
  const next = "Finish the upgrade before the next change of the schema";
  return check("cluster-versions", "warning", message, next);
}
