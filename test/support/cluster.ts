import { type Cluster, type ClusterOptions, startCluster as start } from "../../tools/servers/cluster";
import { USERS_XML } from "./server";

export type { Cluster } from "../../tools/servers/cluster";

/** Starts replicas of a real server, with {@link USERS_XML} by default. */
export function startCluster(options: Partial<ClusterOptions> = {}): Promise<Cluster> {
  return start({ users: USERS_XML, ...options });
}
