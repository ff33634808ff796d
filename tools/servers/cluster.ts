import { lookup } from "node:dns/promises";
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { errorLog, writeConfiguration, writeSettings } from "../../provider/src/server/config";
import type { Version } from "../../provider/src/server/engines";
import { freePorts, Member, pings, removeTemporary, temporaryDirectory } from "../../provider/src/server/member";
import { serverCommand } from "../../provider/src/server/server";
import { zookeeper } from "./zookeeper";

/** Options of a {@link Cluster}. */
export interface ClusterOptions {
  /** One for which there is a real server: 24.8, 25.5 or 25.8. Default: 25.8. */
  readonly version?: Version;
  /** Default: 1. */
  readonly shards?: number;
  /** Per shard. Default: 2. */
  readonly replicas?: number;
  /** Contents of users.xml on every node. */
  readonly users: string;
  /** Settings of the default profile, for statements and for the queue of `ON CLUSTER`. The version must know them. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** More elements of every node's configuration, as XML. */
  readonly config?: string;
  /** Milliseconds after which a lost node is considered gone. Default: 10,000; ClickHouse's own default is 30,000. */
  readonly sessionTimeout?: number;
}

/** A server of a cluster. Its data is kept until the cluster is stopped. */
export interface ClusterNode extends Pick<Member, "up" | "start" | "stop" | "kill" | "freeze" | "thaw"> {
  readonly url: string;
  /** Its `host_name` and `port` in `system.clusters`. */
  readonly host: string;
  readonly port: number;
  /** Both counted from 1; macro `{shard}` is "01", macro `{replica}` "ch-1-1". */
  readonly shard: number;
  readonly replica: number;
}

/** Shards × replicas of a real clickhouse-server with one ZooKeeper; the cluster's name is `main`. */
export interface Cluster {
  readonly nodes: readonly ClusterNode[];
  readonly zookeeper: Pick<Member, "up" | "start" | "stop" | "kill" | "freeze" | "thaw">;
  /** Stops everything and removes the data. */
  stop(): Promise<void>;
}

/**
 * The addresses of 127.0.0.0/8 that ClickHouse recognises as its own: a node on another one never finds itself in the queue of
 * `ON CLUSTER`. Ports differ as well.
 */
const ADDRESSES = ["127.0.0.1", "127.0.1.1", "127.1.0.1", "127.1.1.1", "127.0.1.0", "127.1.0.0", "127.1.1.0"];

/** Starts a cluster and waits until every node answers: two nodes in 2 s, four in 3 s on an idle machine; 380 MB per node. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { shards = 1, replicas = 2 } = options;
  const count = shards * replicas;
  if (count > ADDRESSES.length) throw new Error(`a cluster has at most ${ADDRESSES.length} nodes, not ${count}`);
  const base = temporaryDirectory("clickhouse-cluster-");
  const [keeperPort = 0, ...ports] = await freePorts(1 + 3 * count);
  const places = ADDRESSES.slice(0, count).map((host, index): Place => {
    const [http = 0, tcp = 0, interserver = 0] = ports.slice(3 * index, 3 * index + 3);
    const [shard, replica] = [Math.floor(index / replicas) + 1, (index % replicas) + 1];
    return { host, http, tcp, interserver, shard, replica, directory: path.join(base, `${shard}-${replica}`) };
  });
  const keeper = await zookeeper(path.join(base, "zookeeper"), keeperPort);
  const nodes = await Promise.all(places.map((place) => nodeAt(place, places, keeperPort, options)));
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.kill()));
    await keeper.kill();
    removeTemporary(base);
  };
  try {
    await keeper.start();
    await Promise.all(nodes.map((node) => node.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { nodes, zookeeper: keeper, stop };
}

interface Place {
  readonly host: string;
  readonly http: number;
  readonly tcp: number;
  readonly interserver: number;
  readonly shard: number;
  readonly replica: number;
  readonly directory: string;
}

class Node extends Member implements ClusterNode {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly shard: number;
  readonly replica: number;

  constructor({ host, http, tcp, shard, replica, directory }: Place, command: [string, ...string[]]) {
    const url = `http://${host}:${http}`;
    super(`node ${shard}-${replica} at ${url}`, {
      command,
      directory,
      answers: () => pings(url),
      log: errorLog(directory),
    });
    this.url = url;
    this.host = host;
    this.port = tcp;
    this.shard = shard;
    this.replica = replica;
  }
}

async function nodeAt(place: Place, all: readonly Place[], keeper: number, options: ClusterOptions): Promise<Node> {
  const { directory, host, http, tcp } = place;
  mkdirSync(directory, { recursive: true });
  // The cluster named after a Replicated database has the machine's name for every host.
  const { address: machine } = await lookup(hostname(), 4);
  const { version = "25.8", users, settings = {}, config = "" } = options;
  const more = `${keeperXml(place, keeper, options)}${membersXml(all)}${config}`;
  writeConfiguration({ directory, users, local: false, hosts: [...new Set([host, machine])], http, tcp, more });
  writeSettings(directory, settings);
  return new Node(place, await serverCommand(version, directory));
}

function keeperXml({ host, interserver, shard, replica }: Place, port: number, options: ClusterOptions): string {
  const { sessionTimeout = 10_000 } = options;
  return `
  <interserver_http_host>${host}</interserver_http_host>
  <interserver_http_port>${interserver}</interserver_http_port>
  <zookeeper>
    <node><host>127.0.0.1</host><port>${port}</port></node>
    <session_timeout_ms>${sessionTimeout}</session_timeout_ms>
  </zookeeper>
  <distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>
  <macros><cluster>main</cluster><shard>0${shard}</shard><replica>ch-${shard}-${replica}</replica></macros>`;
}

function membersXml(places: readonly Place[]): string {
  const shards = [...new Set(places.map(({ shard }) => shard))].map((number) => {
    const own = places.filter(({ shard }) => shard === number);
    const replicas = own.map(({ host, tcp }) => `<replica><host>${host}</host><port>${tcp}</port></replica>`);
    return `<shard><internal_replication>true</internal_replication>${replicas.join("")}</shard>`;
  });
  return `<remote_servers><main>${shards.join("")}</main></remote_servers>`;
}
