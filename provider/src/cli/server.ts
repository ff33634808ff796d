import { mkdirSync } from "node:fs";
import path from "node:path";
import { Argument, Command, InvalidArgumentError } from "commander";
import { messageOf, SchemaError } from "../errors";
import { type Cluster, machineAddress, startCluster } from "../server/cluster";
import { ENGINES, VERSIONS, type Version, versionNamed } from "../server/engines";
import { startServer } from "../server/server";
import { OPEN_USERS, usersXml } from "../server/users";
import type { Output } from "./canonicalize";
import { EXIT } from "./exit";

/** Options of {@link serve}. */
export interface ServerCommandOptions {
  /** HTTP port on 127.0.0.1. Default: a free one. */
  readonly port?: number;
  /** Where data and configuration are kept. Default: a temporary directory that is removed at the end. */
  readonly dir?: string;
  /** Start so many instead of one server. */
  readonly cluster?: ClusterSize;
}

/** Shards, and replicas per shard. */
interface ClusterSize {
  readonly shards: number;
  readonly replicas: number;
}

/** 380 MB each. */
const MOST_NODES = 12;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** `clickhouse-schema server VERSION`. */
export function serverCommand(output: Output): Command {
  return new Command("server")
    .description(
      "start a throwaway ClickHouse server of the given version, for tests and for clickhouse:scratch, until Ctrl-C",
    )
    .addArgument(new Argument("<version>", "release of ClickHouse").choices(VERSIONS))
    .option("--port <port>", "HTTP port on 127.0.0.1 (default: a free one)", readPort)
    .option("--cluster <size>", "a cluster of shards x replicas, e.g. 2x2, with ZooKeeper", readSize)
    .option("--dir <directory>", "keep data and configuration there (default: a temporary directory)")
    .addHelpText("after", HELP)
    .action(async (version: string, options: ServerCommandOptions) => {
      process.exitCode = await serve(versionNamed(version), options, output);
    });
}

const HELP = `
Prints its URL on standard output when it answers. User default, without a password, from this machine only.

The engine is a package of PyPI, fetched once with \`pip download\` and checked against its checksum: 160 MB, up to 850 MB
unpacked in ~/.cache/pulumi-clickhouse-schema (XDG_CACHE_HOME). Nothing is installed; Python 3 starts it. Linux and macOS.

  ${versionsOf("server")}  clickhouse-server itself
  ${versionsOf("bridge").padEnd(16)}  its engine behind an HTTP bridge: no users, no KILL QUERY
  ${versionsOf("local").padEnd(16)}  the embedded engine of npm's chdb, where that is installed

--cluster needs the first kind, and Java 11 or newer with ZooKeeper (Debian's libzookeeper-java, or Maven, which fetches it):
380 MB of memory for each server. It prints the first server's URL on standard output, and all of them on standard error.`;

function versionsOf(launch: (typeof ENGINES)[Version]["launch"]): string {
  return VERSIONS.filter((version) => ENGINES[version].launch === launch).join(", ");
}

/** Starts a server, or a cluster, and keeps it until a signal comes. @returns the exit code. */
export async function serve(version: Version, options: ServerCommandOptions, output: Output): Promise<number> {
  const log = (line: string): void => output.error(`${line}\n`);
  try {
    // Before it starts: a signal that arrives during the start ends it as well.
    const ended = new Promise((resolve) => {
      for (const signal of SIGNALS) process.once(signal, resolve);
    });
    const server = options.cluster === undefined ? one(version, options, log) : several(version, options, log);
    const { url, says, stop } = await server;
    output.out(`${url}\n`);
    log(`${says} Ctrl-C ends it, or: kill ${process.pid}`);
    await ended;
    await stop();
    return EXIT.fine;
  } catch (error) {
    log(messageOf(error));
    return EXIT.failed;
  }
}

interface Served {
  readonly url: string;
  readonly says: string;
  stop(): Promise<void>;
}

type Log = (line: string) => void;

async function one(version: Version, { dir, port }: ServerCommandOptions, log: Log): Promise<Served> {
  const dataDir = dir === undefined ? undefined : path.resolve(dir);
  if (dataDir !== undefined) mkdirSync(dataDir, { recursive: true });
  const server = await startServer({
    version,
    users: OPEN_USERS,
    log,
    ...(port !== undefined && { port }),
    ...(dataDir !== undefined && { dataDir }),
  });
  return {
    url: server.url,
    says: `ClickHouse ${version}, user default without a password.`,
    stop: () => server.stop(),
  };
}

async function several(version: Version, options: ServerCommandOptions, log: Log): Promise<Served> {
  const { dir, port, cluster: size } = options;
  if (dir !== undefined) {
    const why = "a Replicated database remembers its servers' ports, which are others at each start";
    throw new SchemaError("option-invalid", `--dir keeps the data of one server, not of a cluster: ${why}`);
  }
  // Nodes listen on the machine's own address as well, and there is no password.
  const networks = ["127.0.0.0/8", await machineAddress()];
  const cluster = await startCluster({
    version,
    users: usersXml([{ name: "default", networks }]),
    log,
    ...size,
    ...(port !== undefined && { port }),
  });
  return { url: cluster.nodes[0]?.url ?? "", says: describe(cluster, version), stop: () => cluster.stop() };
}

function describe({ name, nodes }: Cluster, version: Version): string {
  const lines = nodes.map(({ url, shard, replica, host, port }) => {
    return `  shard ${shard}, replica ${replica}  ${url}  (${host}:${port} in system.clusters)`;
  });
  return `ClickHouse ${version}, cluster ${name} with ZooKeeper, user default without a password:
${lines.join("\n")}

Into the config of a stack, in its folder:
  pulumi config set clickhouse:url ${nodes[0]?.url}
  pulumi config set clickhouse:cluster ${name}
  pulumi config set clickhouse:nodes ${nodes.map(({ url }) => url).join(",")}
`;
}

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw new InvalidArgumentError("a port is 1 to 65535.");
  return port;
}

function readSize(text: string): ClusterSize {
  const [, shards = 0, replicas = 0] = (/^(\d+)x(\d+)$/.exec(text) ?? []).map(Number);
  const nodes = shards * replicas;
  if (nodes >= 1 && nodes <= MOST_NODES) return { shards, replicas };
  throw new InvalidArgumentError(`expected SHARDSxREPLICAS of 1 to ${MOST_NODES} servers, e.g. 2x2.`);
}
