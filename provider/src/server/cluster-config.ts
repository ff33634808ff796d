import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Where a node of a cluster is, and what of it the others know. */
export interface Place {
  readonly host: string;
  readonly http: number;
  readonly tcp: number;
  readonly interserver: number;
  readonly shard: number;
  readonly replica: number;
  readonly directory: string;
}

/** A server as `remote_servers` names it. */
export interface ClusterMember {
  readonly host: string;
  readonly port: number;
  /** Counted from 1. */
  readonly shard: number;
}

/** What every node of a cluster has alike. */
export interface Shared {
  /** Name of the cluster. */
  readonly name: string;
  /** Port of ZooKeeper on 127.0.0.1. */
  readonly keeper: number;
  /** Milliseconds. */
  readonly sessionTimeout: number;
}

/** Macros of a node: `{cluster}`, `{shard}` as "01", `{replica}` as "ch-1-1". */
export function macrosOf({ shard, replica }: Pick<Place, "shard" | "replica">, name: string): Record<string, string> {
  return { cluster: name, shard: String(shard).padStart(2, "0"), replica: `ch-${shard}-${replica}` };
}

/** Elements of a node's configuration by which it is part of a cluster, except its members. */
export function nodeXml(place: Place, shared: Shared, macros: Readonly<Record<string, string>>): string {
  const { keeper, sessionTimeout } = shared;
  const named = Object.entries(macros).map(([name, value]) => `<${name}>${value}</${name}>`);
  return `
  <interserver_http_host>${place.host}</interserver_http_host>
  <interserver_http_port>${place.interserver}</interserver_http_port>
  <interserver_listen_host>${place.host}</interserver_listen_host>
  <zookeeper>
    <node><host>127.0.0.1</host><port>${keeper}</port></node>
    <session_timeout_ms>${sessionTimeout}</session_timeout_ms>
  </zookeeper>
  <distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>
  <macros>${named.join("")}</macros>`;
}

/** Moves what SQL creates of users and privileges from the node's own disk to ZooKeeper. */
export function shareAccess(directory: string): void {
  const xml =
    `<user_directories replace="1"><users_xml><path>${directory}/users.xml</path></users_xml>` +
    "<replicated><zookeeper_path>/clickhouse/access</zookeeper_path></replicated></user_directories>";
  writeMore(directory, "access.xml", xml);
}

/** Writes who belongs to the cluster (no members: that there is none), in a file of its own, which the server reads again on SYSTEM RELOAD CONFIG. */
export function writeMembers(directory: string, name: string, members: readonly ClusterMember[]): void {
  const shards = [...new Set(members.map(({ shard }) => shard))].map((number) => {
    const own = members.filter(({ shard }) => shard === number);
    const replicas = own.map(({ host, port }) => `<replica><host>${host}</host><port>${port}</port></replica>`);
    return `<shard><internal_replication>true</internal_replication>${replicas.join("")}</shard>`;
  });
  const xml = `<remote_servers><${name}>${shards.join("")}</${name}></remote_servers>`;
  writeMore(directory, "members.xml", members.length === 0 ? "" : xml);
}

function writeMore(directory: string, file: string, xml: string): void {
  const folder = path.join(directory, "config.d");
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, file), `<clickhouse>${xml}</clickhouse>\n`);
}
