import { quoteString } from "../sql/identifiers";

/** What a host of a cluster is called where it is read from. */
interface Named {
  readonly name: string;
}

/**
 * Settings of reads on all hosts. Without them one frozen host costs 30 s; with them it is left out after one. Measured on 25.8. A host that
 * is left out is unknown, not empty: whoever reads so has to find out which hosts have answered.
 */
export const READ_SETTINGS =
  "skip_unavailable_shards = 1, handshake_timeout_ms = 1000, connect_timeout_with_failover_ms = 1000, " +
  "connections_with_failover_max_tries = 1, use_hedged_requests = 0, receive_timeout = 10";

/** A table of the database `system` on all hosts of a cluster; on this server, if there is none. */
export function everywhere(table: string, cluster: Named | undefined): string {
  return cluster === undefined
    ? `system.${table}`
    : `clusterAllReplicas(${quoteString(cluster.name)}, system.${table})`;
}

/** ` SETTINGS …` for a read on all hosts of a cluster; nothing, if there is none. */
export function readSettings(cluster: Named | undefined): string {
  return cluster === undefined ? "" : ` SETTINGS ${READ_SETTINGS}`;
}
