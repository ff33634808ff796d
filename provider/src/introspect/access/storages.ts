import type { Connection } from "../../connection/connection";
import { isAccessDenied, isUnknownTable } from "../../connection/server-message";

/** Where a server keeps users, roles and the like. */
export interface Storage {
  readonly name: string;
  /** `users_xml`, `local_directory`, `replicated`, `memory`, `ldap`, … */
  readonly type: string;
}

/** Kinds of storage in which statements create something. */
const WRITABLE: ReadonlySet<string> = new Set(["local_directory", "local directory", "replicated", "memory"]);

/** The storages, in order of precedence; undefined if this user may not see them. One query. */
export async function readStorages(connection: Connection): Promise<readonly Storage[] | undefined> {
  try {
    return await connection.query<{ name: string; type: string }>(
      "SELECT name, type FROM system.user_directories ORDER BY precedence",
    );
  } catch (error) {
    if (isAccessDenied(error) || isUnknownTable(error)) return undefined;
    throw error;
  }
}

/** Whether a statement can create something in the storage. */
export function isWritable({ type }: Storage): boolean {
  return WRITABLE.has(type);
}
