import type { ClusterHost, Connection } from "../connection/connection";

/** A server that has all rows of its shard. */
export interface OfShard {
  readonly connection: Connection;
  /** Undefined where there is no cluster. */
  readonly host: ClusterHost | undefined;
}

/**
 * One host of each shard, or the server alone if it is in no cluster. Closed with `connection`.
 *
 * @throws {SchemaError} when there are several shards, and no addresses of their hosts.
 */
export async function oneOfEachShard(connection: Connection): Promise<readonly OfShard[]> {
  const { cluster, here } = connection;
  if (cluster === undefined) return [{ connection, host: undefined }];
  const shards = new Map(cluster.hosts.map((host) => [host.shard, host]));
  const local = cluster.hosts.find(({ isLocal }) => isLocal);
  if (shards.size === 1 && here !== undefined) return [{ connection: here, host: local ?? cluster.hosts[0] }];
  const hosts = (await connection.hosts?.()) ?? [];
  return [...shards.keys()].flatMap((shard) => hosts.find(({ host }) => host.shard === shard) ?? []);
}

/** Title of what one of them has; empty where there is no cluster. */
export function titleOf({ host }: OfShard): string {
  return host === undefined ? "" : `shard ${host.shard}, on ${host.name}\n`;
}

/** What they have, as JSON: as it is where there is no cluster. */
export function shardsAsJson(found: readonly { readonly of: OfShard; readonly result: object }[]): object {
  const [only] = found;
  if (only !== undefined && only.of.host === undefined) return only.result;
  return { shards: found.map(({ of: { host }, result }) => ({ shard: host?.shard, host: host?.name, result })) };
}
