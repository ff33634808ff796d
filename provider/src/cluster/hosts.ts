import type { ClusterHost, ClusterMembers, ConnectionOptions, HostConnection } from "../connection/connection";
import { ConnectionError } from "../connection/errors";
import { openConnection } from "../connection/open";
import { messageOf, SchemaError } from "../errors";
import { quoteString } from "../sql/identifiers";

/** Where the hosts of a cluster are reached one by one. */
export interface Addresses {
  /** HTTP addresses, in any order; empty if none are configured. */
  readonly urls: readonly string[];
  /** How to log in: as at the cluster's own address. */
  readonly login: Omit<ConnectionOptions, "url">;
}

/**
 * Opens a connection to each host. Which host answers at an address is asked, not concluded from its name: an address of a load balancer is
 * refused here.
 *
 * @throws {SchemaError} `cluster-unusable` when there are no addresses, or not one for each host; `host-down` when one does not answer.
 */
export async function openHosts(cluster: ClusterMembers, addresses?: Addresses): Promise<readonly HostConnection[]> {
  refuseNoAddresses(cluster, addresses);
  const { login, urls } = addresses ?? { login: {}, urls: [] };
  const opened = await Promise.allSettled(urls.map((url) => openHost(cluster, { ...login, url })));
  const hosts = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  try {
    for (const one of opened) if (one.status === "rejected") throw one.reason;
    refuseIncomplete(cluster, hosts);
    return [...hosts].sort((a, b) => a.host.number - b.host.number);
  } catch (error) {
    await Promise.all(hosts.map(({ connection }) => connection.close()));
    throw error;
  }
}

/** @throws {SchemaError} when no addresses are configured. */
function refuseNoAddresses({ hosts, name }: ClusterMembers, addresses: Addresses | undefined): void {
  if (addresses !== undefined && addresses.urls.length > 0) return;
  const names = hosts.map((host) => host.name).join(", ");
  throw new SchemaError(
    "cluster-unusable",
    `clickhouse:nodes: expected the HTTP addresses of ${names}, found none: rows are copied on one host of each shard of ${name}, and each host is ` +
      `looked at. Set them: pulumi config set clickhouse:nodes https://${hosts[0]?.name}:8443,…`,
  );
}

async function openHost(cluster: ClusterMembers, options: ConnectionOptions): Promise<HostConnection> {
  const connection = await openConnection(options).catch((error: unknown) => {
    if (!(error instanceof ConnectionError)) throw error;
    throw new SchemaError("host-down", `clickhouse:nodes: ${messageOf(error)}`, { cause: error });
  });
  const rows = await connection.query<{ address: string }>(
    `SELECT concat(host_name, ':', toString(port)) AS address FROM system.clusters WHERE cluster = ${quoteString(cluster.name)} AND is_local`,
  );
  const host = cluster.hosts.find(({ address }) => rows.some((row) => row.address === address));
  if (host !== undefined) return { host, connection };
  await connection.close();
  throw new SchemaError(
    "cluster-unusable",
    `clickhouse:nodes: the server at ${options.url} is no host of cluster ${cluster.name}; expected one of ${addressesOf(cluster.hosts)}`,
  );
}

function refuseIncomplete({ hosts, name }: ClusterMembers, found: readonly HostConnection[]): void {
  const missing = hosts.filter((host) => !found.some((one) => one.host.number === host.number));
  if (missing.length > 0) {
    throw new SchemaError(
      "cluster-unusable",
      `clickhouse:nodes: expected an address for each host of cluster ${name}, found none for ${addressesOf(missing)}. Add it; an address of a load ` +
        "balancer reaches one host or another",
    );
  }
  if (found.length > hosts.length) {
    throw new SchemaError(
      "cluster-unusable",
      `clickhouse:nodes: expected one address for each of the ${hosts.length} hosts of cluster ${name}, found ${found.length}. Take out those that lead to the same host`,
    );
  }
}

function addressesOf(hosts: readonly ClusterHost[]): string {
  return hosts.map(({ address }) => address).join(", ");
}
