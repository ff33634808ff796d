import { everywhere, readSettings } from "../clickhouse/cluster";
import type { ClusterHost, ClusterMembers, Connection } from "../connection/connection";
import { refuseWithoutKeeper } from "./keeper";
import { hostAt } from "./members";

/** Clocks of two hosts may differ by so many milliseconds: deadlines of gates go by each host's own clock. */
export const SKEW = 500;

/** A host's clock, in milliseconds since 1970. */
interface Clock {
  readonly host: ClusterHost;
  readonly now: number;
}

/** Two clocks that differ. */
export interface Apart {
  readonly ahead: ClusterHost;
  readonly behind: ClusterHost;
  /** Milliseconds. */
  readonly by: number;
}

/** The hosts of a cluster now. */
export interface Census {
  /** Those that do not answer. */
  readonly silent: readonly ClusterHost[];
  /** The two clocks that are furthest apart, if they differ. */
  readonly apart: Apart | undefined;
}

/**
 * Asks each host of a cluster. Two queries.
 *
 * @throws {SchemaError} when Keeper does not answer.
 */
export async function takeCensus(connection: Connection, cluster: ClusterMembers): Promise<Census> {
  const began = performance.now();
  const asked = connection.query<{ number: string; uuid: string }>(
    `SELECT toString(_shard_num) AS number, toString(generateUUIDv7()) AS uuid FROM ${everywhere("one", cluster)}${readSettings(cluster)}`,
  );
  const [rows] = await Promise.all([asked, refuseWithoutKeeper(connection, cluster)]);
  const took = performance.now() - began;
  const clocks = rows.flatMap(({ number, uuid }) => {
    const host = hostAt(cluster, number);
    return host === undefined ? [] : [{ host, now: timeOf(uuid) }];
  });
  const answering = new Set(clocks.map(({ host }) => host));
  return { silent: cluster.hosts.filter((host) => !answering.has(host)), apart: apart(clocks, took) };
}

/** Time of a UUID of version 7: `now64()` would be that of the connected server, and this is made by each host. */
export function timeOf(uuid: string): number {
  return Number.parseInt(uuid.replaceAll("-", "").slice(0, 12), 16);
}

/** @param took how long the question took, in milliseconds: clocks may differ by that without being apart. */
export function apart(clocks: readonly Clock[], took: number): Apart | undefined {
  const sorted = [...clocks].sort((one, other) => one.now - other.now);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const by = last.now - first.now - took;
  return by <= SKEW ? undefined : { ahead: last.host, behind: first.host, by };
}

export function describeApart({ ahead, behind, by }: Apart): string {
  return (
    `the clock of ${ahead.name} is ${(by / 1000).toFixed(1)} s ahead of that of ${behind.name}: now() in defaults, and TTLs, differ by the host that takes ` +
    "an insert. Set all clocks by the same NTP servers"
  );
}
