import type { ClusterMembers, Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { isAccessDenied, isUnknownTable } from "../connection/server-message";
import { messageOf, SchemaError } from "../errors";

/** Longest wait for its answer, in seconds: the server itself asks again for minutes. */
const PATIENCE = 3;

/**
 * Makes sure that Keeper answers the connected server: every statement for a cluster goes through it. One query.
 *
 * @throws {SchemaError} `keeper-down`, before anything runs.
 */
export async function refuseWithoutKeeper(connection: Connection, { name }: ClusterMembers): Promise<void> {
  try {
    await connection.query(
      "SELECT 1 AS one FROM system.zookeeper WHERE path = '/' LIMIT 1",
      {},
      { max_execution_time: PATIENCE },
    );
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    // Not everybody may read it: then the statement itself shows it.
    if (isAccessDenied(error)) return;
    throw new SchemaError("keeper-down", isUnknownTable(error) ? none(name) : silent(name, error), { cause: error });
  }
}

function silent(name: string, error: ServerError): string {
  return (
    `Keeper does not answer the server of cluster ${name}, so nothing was done: ${messageOf(error)}. Without it nothing can be created or changed on ` +
    "the cluster, and nothing inserted into replicated tables. Start it, see system.zookeeper_connection, and run again"
  );
}

function none(name: string): string {
  return (
    `cluster ${name}: the server has no ZooKeeper or ClickHouse Keeper in its configuration (<zookeeper>), through which ON CLUSTER runs; nothing was done. ` +
    "Configure it on each host, or take clickhouse:cluster out"
  );
}
