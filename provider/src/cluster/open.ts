import { atLeast } from "../clickhouse/version";
import type { ClusterMembers, Connection } from "../connection/connection";
import { lackingRights } from "../connection/rights";
import { isAccessDenied } from "../connection/server-message";
import { messageOf, SchemaError } from "../errors";
import { grantStatements } from "../sql/grants";
import { ClusterConnection, type ClusterOptions } from "./cluster-connection";
import { readMembers, refuseStrangers } from "./members";

/**
 * A connection to all hosts of a cluster, through the server that `connection` reaches. Costs five queries.
 *
 * @param name see {@link readMembers}.
 * @throws {SchemaError} when the cluster is unknown or unusable, or the user lacks a right for it.
 */
export async function openCluster(
  connection: Connection,
  name: string,
  options: ClusterOptions,
): Promise<ClusterConnection> {
  if (connection.url.startsWith("chdb:")) {
    throw new SchemaError(
      "cluster-unusable",
      `clickhouse:cluster: ${connection.url} is an embedded engine, which has no cluster. Set clickhouse:url to a host of the cluster, or take clickhouse:cluster out`,
    );
  }
  await refuseCloud(connection, name);
  const cluster = await readMembers(connection, name);
  await refuseLacking(connection, cluster);
  await refuseStrangers(connection, cluster).catch((error: unknown) => {
    if (!isAccessDenied(error)) throw error;
    throw new SchemaError("right-missing", `clickhouse:cluster: the hosts cannot be read: ${messageOf(error)}`);
  });
  return new ClusterConnection(connection, cluster, options);
}

async function refuseCloud(connection: Connection, name: string): Promise<void> {
  const [row] = await connection.query<{ value: string }>(
    "SELECT value FROM system.settings WHERE name = 'cloud_mode'",
  );
  if (row === undefined || row.value === "0" || row.value === "false") return;
  throw new SchemaError(
    "cluster-unusable",
    `clickhouse:cluster: expected none, found "${name}": ClickHouse Cloud runs each statement on all replicas itself. Take it out of the config`,
  );
}

/** To run statements on the hosts, and to read them, which newer servers call `READ ON REMOTE` in their errors. */
const RIGHTS = [
  { privilege: "CLUSTER", level: "*.*" },
  { privilege: "REMOTE", level: "*.*" },
];

async function refuseLacking(connection: Connection, { name }: ClusterMembers): Promise<void> {
  // Without CHECK GRANT, a server lists SOURCES in place of REMOTE; who may not read the hosts is told when that is tried.
  const asked = atLeast(connection.version, "25.1") ? RIGHTS : RIGHTS.slice(0, 1);
  const { missing } = await lackingRights(connection, asked).catch(() => ({ missing: [] }));
  if (missing.length === 0) return;
  const [row] = await connection.query<{ user: string }>("SELECT currentUser() AS user");
  const user = row?.user ?? "";
  throw new SchemaError(
    "right-missing",
    `clickhouse:cluster: user ${user} may not run statements on the hosts of cluster ${name}, or not read them: ${grantStatements(missing, user).join(" ")}`,
  );
}
