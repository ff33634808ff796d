import { isTable } from "../clickhouse/catalog";
import { isReplicated } from "../clickhouse/engines";
import { atLeast } from "../clickhouse/version";
import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { isTooSlow } from "../connection/server-message";
import { messageOf } from "../errors";
import { qualifiedName, quoteString } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";

/** Read-only queries on the rows of one table, on all hosts of its cluster, each of which stops by itself when its time is over. */
export class RowQueries {
  readonly connection: Connection;
  readonly name: QualifiedName;
  /** Its quoted name. */
  readonly table: string;
  private readonly seconds: number;

  /** @param seconds longest time for one query. */
  constructor(connection: Connection, name: QualifiedName, seconds: number) {
    this.connection = connection;
    this.name = name;
    this.table = qualifiedName(name);
    this.seconds = seconds;
  }

  async ask<Row extends object>(sql: string): Promise<Row[]> {
    const { cluster } = this.connection;
    const question = cluster === undefined ? sql : fromCluster(sql, this.table, await this.wholeTable(cluster.name));
    return this.connection.query<Row>(`${question} SETTINGS ${SETTINGS}, max_execution_time = ${this.seconds}`);
  }

  /** The server's error for a query that reads no rows; undefined when it accepts the query. */
  async refusalOf(sql: string): Promise<string | undefined> {
    try {
      await this.ask(sql);
      return undefined;
    } catch (error) {
      if (!(error instanceof ServerError) || isTooSlow(error)) throw error;
      return messageOf(error);
    }
  }

  async isOneOf([from, until]: readonly [from: string, until: string]): Promise<boolean> {
    const version = await this.version();
    return atLeast(version, from) && !atLeast(version, until);
  }

  async version(): Promise<string> {
    const [server] = await this.connection.query<{ version: string }>("SELECT version() AS version");
    return server?.version ?? "";
  }

  /** All rows on the cluster: one replica of each shard, or every host where they do not share their rows. */
  private async wholeTable(cluster: string): Promise<string> {
    const [row] = await this.connection.query<{ engine: string }>(
      `SELECT engine FROM system.tables WHERE ${isTable(this.name, "name")}`,
    );
    const read = isReplicated(row?.engine) ? "cluster" : "clusterAllReplicas";
    return `${read}(${quoteString(cluster)}, ${this.table})`;
  }
}

/** The question to a whole cluster in place of this server's table. */
function fromCluster(sql: string, table: string, whole: string): string {
  const name = table.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return sql.replace(new RegExp(`\\bFROM ${name}(?=[\\s)]|$)`, "g"), () => `FROM ${whole}`);
}

/**
 * Reads as a mutation does, including rows that DELETE has hidden; a client that disconnects ends the query. Measured on 24.8: a subcolumn
 * (`c.null`) is computed from zeros in parts that are older than the column.
 */
const SETTINGS =
  "apply_deleted_mask = 0, optimize_functions_to_subcolumns = 0, cancel_http_readonly_queries_on_client_close = 1, timeout_overflow_mode = 'throw'";

/** A number of things, for people. */
export function count(n: number | string, what: string): string {
  return `${Number(n).toLocaleString("en-US")} ${what}${Number(n) === 1 ? "" : "s"}`;
}
