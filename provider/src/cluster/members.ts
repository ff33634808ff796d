import { everywhere, readSettings } from "../clickhouse/cluster";
import type { ClusterHost, ClusterMembers, Connection } from "../connection/connection";
import { isAccessDenied } from "../connection/server-message";
import { SchemaError } from "../errors";
import { quoteString } from "../sql/identifiers";
import { nearest } from "../util/near";

interface Row {
  readonly shard: string;
  readonly host: string;
  readonly port: string;
  readonly local: number | boolean;
}

/**
 * The hosts of a cluster, in the order in which `clusterAllReplicas` numbers them. Costs one query, and one more for a name in braces.
 *
 * @param name in `system.clusters`, or a macro such as `{cluster}`.
 * @throws {SchemaError} when the server knows no such cluster.
 */
export async function readMembers(connection: Connection, name: string): Promise<ClusterMembers> {
  const known = await expanded(connection, name);
  const rows = await connection.query<Row>(
    "SELECT toString(shard_num) AS shard, host_name AS host, toString(port) AS port, is_local AS local FROM system.clusters " +
      `WHERE cluster = ${quoteString(known)}`,
  );
  if (rows.length === 0) throw await unknownCluster(connection, known);
  const alone = new Set(rows.map(({ host }) => host)).size === rows.length;
  const hosts = rows.map(({ host, local, port, shard }, index): ClusterHost => {
    const address = `${host}:${port}`;
    return { number: index + 1, shard: Number(shard), name: alone ? host : address, address, isLocal: Boolean(local) };
  });
  return { name: known, hosts };
}

export async function expanded(connection: Connection, name: string): Promise<string> {
  const [, macro] = /^\{(\w+)\}$/.exec(name) ?? [];
  if (macro === undefined) return name;
  const [row] = await connection.query<{ value: string }>(
    `SELECT substitution AS value FROM system.macros WHERE macro = ${quoteString(macro)}`,
  );
  if (row !== undefined) return row.value;
  throw new SchemaError(
    "cluster-unusable",
    `clickhouse:cluster: the server has no macro ${name}. Write the cluster's name as it is in system.clusters`,
  );
}

async function unknownCluster(connection: Connection, name: string): Promise<SchemaError> {
  const rows = await connection.query<{ cluster: string }>(
    "SELECT DISTINCT cluster FROM system.clusters ORDER BY cluster",
  );
  const names = rows.map(({ cluster }) => cluster);
  const found = names.length === 0 ? "it knows none" : `it knows ${names.join(", ")}`;
  const meant = nearest(name, names);
  return new SchemaError(
    "cluster-unusable",
    `clickhouse:cluster: ${connection.url} knows no cluster "${name}"; ${found}.${meant === undefined ? "" : ` Did you mean "${meant}"?`} ` +
      "The name is that of an element in <remote_servers> of its configuration",
  );
}

/** How one host sees the cluster. */
interface Sight {
  readonly number: string;
  readonly hosts: string;
  readonly itself: string;
}

/**
 * Makes sure that the hosts know each other, and themselves: one that does not find its own address in the cluster never takes a statement
 * from the queue. Hosts that do not answer are left out. Costs two queries on all hosts.
 *
 * @throws {SchemaError} naming each host and what it lacks.
 */
export async function refuseStrangers(connection: Connection, cluster: ClusterMembers): Promise<void> {
  const named = `cluster = ${quoteString(cluster.name)}`;
  const seen = connection.query<Sight>(
    `SELECT toString(_shard_num) AS number, toString(countIf(${named})) AS hosts, toString(countIf(${named} AND is_local)) AS itself ` +
      `FROM ${everywhere("clusters", cluster)} GROUP BY _shard_num ORDER BY _shard_num${readSettings(cluster)}`,
  );
  const [sights, equal] = await Promise.all([seen, equalMacros(connection, cluster)]);
  const problems = sights.flatMap((sight) => {
    const host = hostAt(cluster, sight.number);
    if (host === undefined) return [];
    if (Number(sight.hosts) !== cluster.hosts.length)
      return `${host.name} has ${sight.hosts} hosts in cluster ${cluster.name}, ${connection.url} has ${cluster.hosts.length}: write the same <remote_servers> on each`;
    if (Number(sight.itself) === 0)
      return `${host.name} does not find itself in cluster ${cluster.name}, so it never takes a statement of ON CLUSTER: its name there must be one that resolves to an address of its own, with its own port`;
    return [];
  });
  problems.push(...equal);
  if (problems.length > 0) throw new SchemaError("cluster-unusable", problems);
}

/** Two hosts of a cluster with equal macros would be one replica. */
async function equalMacros(connection: Connection, cluster: ClusterMembers): Promise<string[]> {
  const rows = await connection
    .query<{ numbers: readonly (string | number)[]; macros: string }>(
      "SELECT arraySort(groupArray(n)) AS numbers, macros FROM (SELECT _shard_num AS n, arrayStringConcat(arraySort(groupArray(concat(macro, ' = ', substitution))), ', ') AS macros " +
        `FROM ${everywhere("macros", cluster)} WHERE macro IN ('shard', 'replica') GROUP BY _shard_num) WHERE macros LIKE '%replica = %' GROUP BY macros HAVING count() > 1${readSettings(cluster)}`,
    )
    .catch((error: unknown) => {
      // Not everybody may read the macros.
      if (isAccessDenied(error)) return [];
      throw error;
    });
  return rows.map(({ numbers, macros }) => {
    const names = numbers.flatMap((number) => hostAt(cluster, String(number))?.name ?? []);
    return `${names.join(" and ")} have equal macros (${macros}), so a replicated table would be one replica twice: give each its own <replica>`;
  });
}

/** The host with this `_shard_num`. */
export function hostAt({ hosts }: ClusterMembers, number: string): ClusterHost | undefined {
  return hosts.find((host) => host.number === Number(number));
}
