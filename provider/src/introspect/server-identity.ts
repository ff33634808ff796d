import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";

/** Identifies the server that something is on. */
export interface ServerIdentity {
  /** `server:UUID`, plus `keeper:ID` for a member of a cluster; `embedded:URL` for an embedded engine. */
  readonly ids: readonly string[];
  readonly url: string;
}

/** Replicas share a Keeper: what it records about its first node is the same on each of them, and on no other cluster. */
const KEEPER = `SELECT concat(toString(czxid), '-', toString(toUnixTimestamp(ctime))) AS id
FROM system.zookeeper WHERE path = '/' AND name = 'clickhouse'`;

/** A server that was started as clickhouse-local has no UUID of its own; its data folder identifies it. */
const SERVER = `SELECT if(serverUUID() = toUUID('00000000-0000-0000-0000-000000000000'),
  lower(hex(sipHash128(hostName(), (SELECT any(path) FROM system.disks WHERE name = 'default')))), toString(serverUUID())) AS id`;

/** Queries the server's identity. Costs two queries; an embedded engine is not queried. */
export async function identityOf(connection: Connection, url: string): Promise<ServerIdentity> {
  const [row] = await connection.query<{ id: string }>(SERVER);
  const keeper = await connection.query<{ id: string }>(KEEPER).catch((error: unknown) => {
    // There is no Keeper, or the user may not read it.
    if (error instanceof ServerError) return [];
    throw error;
  });
  return { url, ids: [`server:${row?.id ?? ""}`, ...keeper.map(({ id }) => `keeper:${id}`)] };
}

/** Whether the two share an id. */
export function isSameServer(a: ServerIdentity, b: ServerIdentity): boolean {
  return a.ids.some((id) => b.ids.includes(id));
}

/** As one string, for the state. */
export function renderIdentity({ ids, url }: ServerIdentity): string {
  return [...ids, url].join(" ");
}

/** Undefined where the state has none, as in version 0.1.0. */
export function readIdentity(text: string | undefined): ServerIdentity | undefined {
  const [, ids, url] = /^((?:(?:server|keeper|embedded):\S* )+)(.+)$/.exec(text ?? "") ?? [];
  return ids === undefined || url === undefined ? undefined : { ids: ids.trim().split(" "), url };
}
