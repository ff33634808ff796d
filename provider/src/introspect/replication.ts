import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import type { Replication } from "../plan/replication";

/** One query. @returns undefined where this user has no access, or the server is too old. */
export async function readReplication(connection: Connection): Promise<Replication | undefined> {
  const setting = (table: string, name: string): string =>
    `(SELECT any(value) FROM system.${table} WHERE name = '${name}')`;
  try {
    const [row] = await connection.query<Row>(
      "SELECT (SELECT count() FROM system.tables WHERE database = 'system' AND name = 'zookeeper') > 0 AS keeper, " +
        "(SELECT groupArray(macro) FROM system.macros) AS macros, " +
        `${setting("server_settings", "default_replica_path")} AS path, ${setting("server_settings", "default_replica_name")} AS replica, ` +
        `${setting("settings", "database_replicated_allow_replicated_engine_arguments")} AS takes`,
    );
    if (row === undefined || row.path === null || row.path === "") return undefined;
    return {
      keeper: Number(row.keeper) > 0,
      macros: row.macros,
      path: row.path,
      replica: row.replica ?? "{replica}",
      takesArguments: !["0", "false"].includes(row.takes ?? "0"),
    };
  } catch (error) {
    if (error instanceof ServerError) return undefined;
    throw error;
  }
}

interface Row {
  readonly keeper: unknown;
  readonly macros: readonly string[];
  readonly path: string | null;
  readonly replica: string | null;
  readonly takes: string | null;
}
