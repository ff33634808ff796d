import { expanded } from "../../cluster/members";
import type { Connection } from "../../connection/connection";
import { ServerError } from "../../connection/errors";
import { lackingRights } from "../../connection/rights";
import { grantStatements, type Right } from "../../sql/grants";
import { type Check, check } from "../check";
import { optional } from "../optional";
import { clocksCheck, type Host, hostsCheck, macroChecks, membersChecks, versionsCheck } from "./hosts";
import { AllNodes } from "./nodes";
import { plainChecks, type QueueEntry, queueCheck, replicaChecks } from "./tables";

/** What is looked at in a cluster. */
export interface ClusterSubject {
  /** As in `system.clusters`, or a macro such as `{cluster}`. */
  readonly cluster: string;
  /** Databases whose tables are looked at. */
  readonly databases: readonly string[];
  /** Seconds that a replica may be behind. Default: 60. */
  readonly lag?: number;
  /** Seconds that a statement may wait in the queue of ON CLUSTER. Default: 60. */
  readonly queued?: number;
}

/**
 * Checks the hosts of a cluster through one of them: who answers, whom each knows, macros, clocks, versions, Keeper, replicas, the queue of
 * ON CLUSTER. Changes nothing. Costs some ten queries to all hosts; a silent host costs a second each.
 *
 * @throws {ConnectionError} when the connection is lost during the checks.
 */
export async function checkCluster(connection: Connection, subject: ClusterSubject): Promise<Check[]> {
  const cluster = await expanded(connection, subject.cluster);
  const hosts = await hostsOf(connection, cluster);
  if (hosts.length === 0) return [await unknownCluster(connection, cluster)];
  const rights = await rightsOf(connection);
  if (rights.some(({ status }) => status === "error")) return rights;
  const all = new AllNodes(connection, cluster);
  const census = await all.census(hosts);
  if ("failure" in census) return [...rights, census.failure];
  const { nodes, took } = census;
  const answered = new Set(nodes.map(({ number }) => number));
  const pings = await pinging(
    connection.url,
    hosts.filter(({ number }) => !answered.has(number)),
  );
  const keeper = await keeperCheck(connection);
  return [
    ...rights,
    hostsCheck(cluster, hosts, answered, pings),
    ...membersChecks(cluster, hosts, nodes),
    ...macroChecks(hosts, nodes),
    clocksCheck(hosts, nodes, took),
    versionsCheck(hosts, nodes),
    keeper,
    ...(await optional("cluster-replicas", async () => replicaChecks(hosts, await all.replicas(nodes), subject.lag))),
    ...(await optional("cluster-plain", async () => plainChecks(hosts, await all.plain(nodes, subject.databases)))),
    ...(keeper.status === "ok"
      ? await optional("cluster-queue", async () => [queueCheck(await queueOf(connection, cluster), subject.queued)])
      : []),
  ];
}

async function hostsOf(connection: Connection, cluster: string): Promise<Host[]> {
  const rows = await connection.query<{ shard: string; host: string; port: string }>(
    "SELECT toString(shard_num) AS shard, host_name AS host, toString(port) AS port FROM system.clusters WHERE cluster = {cluster:String} ORDER BY shard_num, replica_num",
    { cluster },
  );
  return rows.map(({ shard, host, port }, index) => ({
    number: index + 1,
    shard: Number(shard),
    host,
    port: Number(port),
  }));
}

async function unknownCluster(connection: Connection, cluster: string): Promise<Check> {
  const rows = await connection.query<{ cluster: string }>(
    "SELECT DISTINCT cluster FROM system.clusters ORDER BY cluster",
  );
  const known = rows.map((row) => row.cluster).join(", ") || "none";
  const message = `the server knows no cluster ${cluster}, only: ${known}`;
  return check("cluster", "error", message, "Name one of these, or add it to <remote_servers> of every host");
}

/** What a change on all hosts needs beside the rights on one. */
const RIGHTS: readonly Right[] = [
  { privilege: "CLUSTER", level: "*.*" },
  { privilege: "REMOTE", level: "*.*" },
];

async function rightsOf(connection: Connection): Promise<Check[]> {
  const [row] = await connection.query<{ user: string }>("SELECT currentUser() AS user");
  const user = row?.user ?? "";
  const { missing, roles } = await lackingRights(connection, RIGHTS);
  if (missing.length === 0) return [check("cluster-rights", "ok", `${user} has the rights for a cluster`)];
  const by = roles.length === 0 ? "" : `, unless a role gives it (${roles.join(", ")})`;
  const names = missing.map(({ privilege }) => privilege).join(" and ");
  const message = `${user} lacks ${names}, without which the other hosts can be neither read nor changed${by}`;
  const status = roles.length === 0 ? "error" : "warning";
  return [check("cluster-rights", status, message, grantStatements(missing, user).join("\n"))];
}

/** That Keeper answers the connected server, which every statement ON CLUSTER and every replicated table needs. */
async function keeperCheck(connection: Connection): Promise<Check> {
  try {
    // The server itself asks again for minutes.
    await connection.query(
      "SELECT count() AS n FROM system.zookeeper WHERE path = '/' SETTINGS max_execution_time = 3",
    );
    return check("cluster-keeper", "ok", "Keeper answers");
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    const message = `Keeper does not answer this server, so nothing can be created, changed or inserted into replicated tables: ${error.message}`;
    const next = "Start Keeper, and see <zookeeper> in the server's configuration and system.zookeeper_connection";
    return check("cluster-keeper", "error", message, next);
  }
}

async function queueOf(connection: Connection, cluster: string): Promise<QueueEntry[]> {
  const rows = await connection.query<{ entry: string; host: string; age: string }>(
    "SELECT entry, concat(host, ':', toString(port)) AS host, toString(dateDiff('second', query_create_time, now())) AS age " +
      "FROM system.distributed_ddl_queue WHERE cluster = {cluster:String} AND status != 'Finished'",
    { cluster },
  );
  return rows.map(({ entry, host, age }) => ({ entry, host, age: Number(age) }));
}

/** Those hosts that answer `/ping` on the scheme and port of the connection; that it is unknown is no finding. */
async function pinging(url: string, hosts: readonly Host[]): Promise<ReadonlySet<number>> {
  const found = await Promise.all(
    hosts.map(async ({ host, number }) => {
      const ping = new URL("/ping", url);
      ping.hostname = host;
      const signal = AbortSignal.timeout(2000);
      const answers = await fetch(ping, { signal }).then(
        ({ ok }) => ok,
        () => false,
      );
      return answers ? [number] : [];
    }),
  );
  return new Set(found.flat());
}
