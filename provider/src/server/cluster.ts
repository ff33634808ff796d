import { lookup } from "node:dns/promises";
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { SchemaError } from "../errors";
import {
  type ClusterMember,
  macrosOf,
  nodeXml,
  type Place,
  type Shared,
  shareAccess,
  writeMembers,
} from "./cluster-config";
import { errorLog, writeConfiguration, writeSettings } from "./config";
import { ENGINES, VERSIONS, type Version } from "./engines";
import { freePorts, Member, pings, refuseTaken } from "./member";
import { serverCommand } from "./server";
import { removeTemporary, temporaryDirectory } from "./temporary";
import { zookeeper } from "./zookeeper";

/** Versions that a cluster can be made of: those whose package has the real server. */
export const CLUSTER_VERSIONS: readonly Version[] = VERSIONS.filter((one) => ENGINES[one].launch === "server");

/** Options of a {@link Cluster}. */
export interface ClusterOptions {
  /** One of {@link CLUSTER_VERSIONS}. Default: 25.8. */
  readonly version?: Version;
  /** Default: 1. */
  readonly shards?: number;
  /** Per shard. Default: 2. */
  readonly replicas?: number;
  /** Servers beside those, configured but not started, that belong to no cluster until `setMembers`. Default: 0. */
  readonly spare?: number;
  /** Name in `system.clusters`, and macro `{cluster}`. Default: `main`. */
  readonly name?: string;
  /** Contents of users.xml on every node. */
  readonly users: string;
  /** Where users and privileges created by SQL are stored: on each node alone, or in ZooKeeper for all of them. Default: `local`. */
  readonly access?: "local" | "replicated";
  /** Settings of the default profile, for statements and for the queue of `ON CLUSTER`. The version must know them. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** More elements of every node's configuration, as XML. */
  readonly config?: string;
  /** What one node has differently, by its place. */
  readonly node?: (place: Pick<Place, "shard" | "replica">) => NodeOptions;
  /** Milliseconds after which a lost node is considered gone. Default: 10,000; ClickHouse's own default is 30,000. */
  readonly sessionTimeout?: number;
  /** HTTP port of the first node. Default: a free one. */
  readonly port?: number;
  /** Called if something has to be fetched first. */
  readonly log?: (line: string) => void;
}

/** What one node has differently. */
export interface NodeOptions {
  readonly version?: Version;
  /** Macros instead of its own, by name. */
  readonly macros?: Readonly<Record<string, string>>;
  /** More elements of its configuration, as XML. */
  readonly config?: string;
}

/** A server of a cluster. Its data is kept until the cluster is stopped. */
export interface ClusterNode
  extends ClusterMember,
    Pick<Member, "up" | "pid" | "start" | "stop" | "kill" | "freeze" | "thaw"> {
  readonly url: string;
  /** Its `host_name` and, with `port`, its place in `system.clusters`. */
  readonly host: string;
  /** Of the native protocol. */
  readonly port: number;
  /** Counted from 1, as `shard`. */
  readonly replica: number;
  /** Configuration, logs and data. */
  readonly directory: string;
}

/** Shards × replicas of a real clickhouse-server with one ZooKeeper. */
export interface Cluster {
  readonly name: string;
  /** Shard by shard; spare ones last. */
  readonly nodes: readonly ClusterNode[];
  readonly zookeeper: Pick<Member, "up" | "pid" | "start" | "stop" | "kill" | "freeze" | "thaw">;
  /** Changes who belongs to the cluster, in the configuration of all nodes or of some; running ones know it when this returns. */
  setMembers(members: readonly ClusterMember[], on?: readonly ClusterNode[]): Promise<void>;
  /** Stops everything, frozen nodes too, and removes the data. */
  stop(): Promise<void>;
}

/**
 * The addresses of 127.0.0.0/8 that ClickHouse recognises as its own: a node on another one never finds itself in the queue of
 * `ON CLUSTER`. Ports differ as well, so that more nodes than these share them.
 */
const LINUX = ["127.0.0.1", "127.0.1.1", "127.1.0.1", "127.1.1.1", "127.0.1.0", "127.1.0.0", "127.1.1.0"];
/** Elsewhere only the first is the machine's. */
const ADDRESSES = process.platform === "linux" ? LINUX : LINUX.slice(0, 1);
const ATTEMPTS = 5;

/** Starts a cluster and waits until every node answers: two nodes in 2 s, four in 3 s on an idle machine; 380 MB per node. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { version = "25.8", port } = options;
  if (!CLUSTER_VERSIONS.includes(version)) {
    const found = `ClickHouse ${version} is no real server here, and cannot replicate`;
    throw new SchemaError("option-invalid", `${found}; a cluster can be ${CLUSTER_VERSIONS.join(", ")}`);
  }
  if (port !== undefined) await refuseTaken(port);
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(options);
    } catch (error) {
      // Between finding a free port and listening on it, another process may take it.
      const taken = port === undefined && String(error).includes("Address already in use");
      if (!taken || attempt === ATTEMPTS) throw error;
    }
  }
}

async function startOnce(options: ClusterOptions): Promise<Cluster> {
  const { shards = 1, replicas = 2, spare = 0, name = "main" } = options;
  const base = temporaryDirectory("clickhouse-cluster-");
  const [keeperPort = 0, ...ports] = await freePorts(1 + 3 * (shards * replicas + spare));
  const places = placesIn(base, options, ports);
  const shared: Shared = { name, keeper: keeperPort, sessionTimeout: options.sessionTimeout ?? 10_000 };
  const keeper = await zookeeper(path.join(base, "zookeeper"), keeperPort, options.log);
  const nodes = await Promise.all(places.map((place) => nodeAt(place, shared, options)));
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.kill()));
    await keeper.kill();
    removeTemporary(base);
  };
  const setMembers = async (members: readonly ClusterMember[], on: readonly ClusterNode[] = nodes): Promise<void> => {
    for (const { directory } of on) writeMembers(directory, name, members);
    await Promise.all(on.filter(({ up }) => up).map(reloadConfig));
  };
  const members = nodes.slice(0, shards * replicas);
  await setMembers(members);
  try {
    await keeper.start();
    await Promise.all(members.map((node) => node.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { name, nodes, zookeeper: keeper, setMembers, stop };
}

/** Spare ones are further replicas of the first shard. */
function placesIn(base: string, options: ClusterOptions, ports: readonly number[]): Place[] {
  const { shards = 1, replicas = 2, spare = 0, port } = options;
  return Array.from({ length: shards * replicas + spare }, (_, index) => {
    const [free = 0, tcp = 0, interserver = 0] = ports.slice(3 * index, 3 * index + 3);
    const extra = index - shards * replicas;
    const shard = extra < 0 ? Math.floor(index / replicas) + 1 : 1;
    const replica = extra < 0 ? (index % replicas) + 1 : replicas + 1 + extra;
    const host = ADDRESSES[index % ADDRESSES.length] ?? "";
    const http = index === 0 && port !== undefined ? port : free;
    return { host, http, tcp, interserver, shard, replica, directory: path.join(base, `${shard}-${replica}`) };
  });
}

class Node extends Member implements ClusterNode {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly shard: number;
  readonly replica: number;
  readonly directory: string;

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
    this.directory = directory;
  }
}

async function nodeAt(place: Place, shared: Shared, options: ClusterOptions): Promise<Node> {
  const { directory, host, http, tcp } = place;
  mkdirSync(directory, { recursive: true });
  const machine = await machineAddress();
  const own = options.node?.(place) ?? {};
  const macros = { ...macrosOf(place, shared.name), ...own.macros };
  const more = `${nodeXml(place, shared, macros)}${options.config ?? ""}${own.config ?? ""}`;
  const hosts = [...new Set([host, machine])];
  writeConfiguration({ directory, users: options.users, local: false, hosts, http, tcp, more });
  writeSettings(directory, options.settings ?? {});
  if (options.access === "replicated") shareAccess(directory);
  const version = own.version ?? options.version ?? "25.8";
  return new Node(place, await serverCommand(version, directory, options.log));
}

/** The address of the machine's name, which the cluster named after a Replicated database has for every host: nodes listen there too. */
export async function machineAddress(): Promise<string> {
  return (await lookup(hostname(), 4)).address;
}

async function reloadConfig({ url }: ClusterNode): Promise<void> {
  const answer = await fetch(url, { method: "POST", body: "SYSTEM RELOAD CONFIG" });
  if (!answer.ok) throw new SchemaError("server-not-started", `${url}: SYSTEM RELOAD CONFIG: ${await answer.text()}`);
}
