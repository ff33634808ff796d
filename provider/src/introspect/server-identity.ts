import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";

/** Which server something is on. */
export interface ServerIdentity {
  /** `server:UUID`, and `keeper:ID` where it is one of a cluster; `embedded:URL` for an embedded engine. */
  readonly ids: readonly string[];
  readonly url: string;
}

/** Replicas have a Keeper in common: what it knows of its first node is the same on each, and on no other cluster. */
const KEEPER = `SELECT concat(toString(czxid), '-', toString(toUnixTimestamp(ctime))) AS id
FROM system.zookeeper WHERE path = '/' AND name = 'clickhouse'`;

/** One that was started as clickhouse-local has no UUID of its own; its data folder tells it from others. */
const SERVER = `SELECT if(serverUUID() = toUUID('00000000-0000-0000-0000-000000000000'),
  lower(hex(sipHash128(hostName(), (SELECT any(path) FROM system.disks WHERE name = 'default')))), toString(serverUUID())) AS id`;

/** Asks the server who it is. Costs two queries; an embedded engine is not asked. */
export async function identityOf(connection: Connection, url: string): Promise<ServerIdentity> {
  const [row] = await connection.query<{ id: string }>(SERVER);
  const keeper = await connection.query<{ id: string }>(KEEPER).catch((error: unknown) => {
    // There is none, or the user may not look.
    if (error instanceof ServerError) return [];
    throw error;
  });
  return { url, ids: [`server:${row?.id ?? ""}`, ...keeper.map(({ id }) => `keeper:${id}`)] };
}

/** Whether the two have something in common. */
export function isSameServer(a: ServerIdentity, b: ServerIdentity): boolean {
  return a.ids.some((id) => b.ids.includes(id));
}

/** As one text, for the state. */
export function renderIdentity({ ids, url }: ServerIdentity): string {
  return [...ids, url].join(" ");
}

/** Undefined where the state holds none, as that of version 0.1.0. */
export function readIdentity(text: string | undefined): ServerIdentity | undefined {
  const [, ids, url] = /^((?:(?:server|keeper|embedded):\S* )+)(.+)$/.exec(text ?? "") ?? [];
  return ids === undefined || url === undefined ? undefined : { ids: ids.trim().split(" "), url };
}
