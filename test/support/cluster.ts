import { type Cluster, type ClusterOptions, startCluster as start } from "../../provider/src/server/cluster";
import { USERS_XML } from "./server";

export type { Cluster, ClusterNode } from "../../provider/src/server/cluster";

/** Starts replicas of a real server, with {@link USERS_XML} by default. */
export function startCluster(options: Partial<ClusterOptions> = {}): Promise<Cluster> {
  return start({ users: USERS_XML, ...options });
}
