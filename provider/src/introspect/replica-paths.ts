import { everywhere, readSettings } from "../clickhouse/cluster";
import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import type { KeeperPlace, TakenReplica } from "../plan/replication";
import { quoteString } from "../sql/identifiers";
import { objectKey, quotedName } from "../sql/object-key";
import type { QualifiedName } from "../sql/spec";

/**
 * Whether the place of a new replicated table in Keeper is taken, on any host: by a table that was renamed, was dropped a moment ago, or is lost.
 * Costs two queries, and two more if it is.
 *
 * @returns undefined if it is free, or cannot be known: this user may not ask, or the path has macros that only CREATE expands.
 */
export async function takenReplica(
  connection: Connection,
  table: QualifiedName,
  place: KeeperPlace,
): Promise<TakenReplica | undefined> {
  try {
    const wanted = await placesOf(connection, table, place);
    if (wanted.length === 0) return undefined;
    const list = wanted.map(({ path }) => quoteString(`${path}/replicas`)).join(", ");
    const found = await connection.query<{ parent: string; name: string }>(
      `SELECT path AS parent, name FROM system.zookeeper WHERE path IN (${list})`,
    );
    const there = new Set(found.map(({ parent, name }) => `${parent}\0${name}`));
    const taken = wanted.find(({ path, replica }) => there.has(`${path}/replicas\0${replica}`));
    return taken && { ...taken, ...(await holderOf(connection, table, taken)) };
  } catch (error) {
    if (error instanceof ServerError) return undefined;
    throw error;
  }
}

/** Where each host would register the table. */
async function placesOf(connection: Connection, { database, name }: QualifiedName, place: KeeperPlace) {
  const { cluster } = connection;
  const number = cluster === undefined ? "'1'" : "toString(_shard_num)";
  const rows = await connection.query<{ number: string; macro: string; value: string }>(
    `SELECT ${number} AS number, macro, substitution AS value FROM ${everywhere("macros", cluster)}${readSettings(cluster)}`,
  );
  const hosts = new Map<string, Map<string, string>>();
  // A host without macros has no row.
  if (cluster === undefined || rows.length === 0) hosts.set("1", new Map());
  for (const { macro, value, number: host } of rows) hosts.set(host, (hosts.get(host) ?? new Map()).set(macro, value));
  return [...hosts.values()].flatMap((macros): KeeperPlace[] => {
    const own = new Map([...macros, ["database", database], ["table", name]]);
    const expand = (text: string): string => text.replaceAll(/\{(\w+)\}/g, (all, macro) => own.get(macro) ?? all);
    const [path, replica] = [expand(place.path), expand(place.replica)];
    return /[{}]/.test(path + replica) || !path.startsWith("/") ? [] : [{ path, replica }];
  });
}

async function holderOf(
  connection: Connection,
  table: QualifiedName,
  { path, replica }: KeeperPlace,
): Promise<Pick<TakenReplica, "holder" | "isDropped">> {
  const { cluster } = connection;
  const [holder] = await connection.query<QualifiedName>(
    `SELECT database, table AS name FROM ${everywhere("replicas", cluster)} WHERE zookeeper_path = ${quoteString(path)} AND ` +
      `replica_name = ${quoteString(replica)} LIMIT 1${readSettings(cluster)}`,
  );
  if (holder !== undefined) return { holder: quotedName(objectKey(holder.database, holder.name)), isDropped: false };
  const dropped = await connection.query(
    `SELECT 1 AS one FROM ${everywhere("dropped_tables", cluster)} WHERE database = ${quoteString(table.database)} AND ` +
      `table = ${quoteString(table.name)} LIMIT 1${readSettings(cluster)}`,
  );
  return { isDropped: dropped.length > 0 };
}
