import type { Capabilities } from "../clickhouse/capabilities";

/** A connection to a ClickHouse over any transport. All object names in the SQL must be qualified. */
export interface Connection {
  /** Its address, for messages: a URL without credentials. */
  readonly url: string;

  /** The engine's own `version()`, e.g. `26.7.2.1`. */
  readonly version: string;

  /** What the engine supports that others do not, queried when the connection was opened. */
  readonly capabilities: Capabilities;

  /**
   * Runs a statement that returns rows.
   *
   * @param sql one statement without FORMAT; `{name:Type}` placeholders are filled from `params`.
   * @param params values of the placeholders.
   * @param settings of this statement, besides those that every one gets.
   * @returns one object per row, keyed by column; 64-bit integers arrive as strings.
   * @throws {ServerError} when the engine refuses it, {ConnectionError} when it cannot be reached.
   */
  query<Row extends object>(sql: string, params?: QueryParams, settings?: Settings): Promise<Row[]>;

  /**
   * Runs a statement for its effect (DDL, INSERT … SELECT, SYSTEM).
   *
   * @throws as {@link Connection.query}.
   */
  command(sql: string, params?: QueryParams): Promise<void>;

  /**
   * Inserts rows.
   *
   * @param table quoted, qualified name.
   * @param rows one object per row, keyed by column.
   * @throws as {@link Connection.query}.
   */
  insert(table: string, rows: readonly object[]): Promise<void>;

  /** Closes it; running statements are abandoned. May be called more than once. */
  close(): Promise<void>;

  /** The cluster whose hosts all run the statements of {@link Connection.command}; absent: this server alone does. */
  readonly cluster?: ClusterMembers;

  /** The server that is reached, alone, where the connection is a cluster. */
  readonly here?: Connection;

  /**
   * Connections to all hosts of a cluster, for what one host of a shard does; the same ones each time, closed with this connection.
   *
   * @throws {SchemaError} when their addresses are not configured, or are not those of the hosts; `host-down` when one does not answer.
   */
  hosts?(): Promise<readonly HostConnection[]>;
}

/** A connection to one host of a cluster. */
export interface HostConnection {
  readonly host: ClusterHost;
  readonly connection: Connection;
}

/** Settings of one statement. */
export type Settings = Readonly<Record<string, string | number>>;

/** A cluster, as `system.clusters` has it. */
export interface ClusterMembers {
  readonly name: string;
  /** In the order of `system.clusters`. */
  readonly hosts: readonly ClusterHost[];
}

/** A host of a cluster. */
export interface ClusterHost {
  /** Row in `system.clusters`, from 1: its `_shard_num` in `clusterAllReplicas`. */
  readonly number: number;
  readonly shard: number;
  /** For people: `ch-1-2`, with its port where the names alone are equal. */
  readonly name: string;
  /** `host_name:port`, as in results of ON CLUSTER. */
  readonly address: string;
  /** The one that the connection reaches. */
  readonly isLocal: boolean;
}

/** Values for `{name:Type}` placeholders. */
export type QueryParams = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** How to open a {@link Connection}. */
export interface ConnectionOptions {
  /** `chdb://PATH` (embedded, PATH relative to the program's folder) or `http(s)://HOST:PORT`. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Timeout of one statement, in seconds. Default: 300. */
  readonly requestTimeout?: number;
  /** Name of a server session, in which a `SET` persists and one statement runs at a time. Default: none. */
  readonly session?: string;
  /** Whether a missing chdb folder is created. Default: true. Servers ignore it. */
  readonly create?: boolean;
  /** PEM strings, and whether the server's certificate is not verified. Embedded engines ignore it. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly insecure?: boolean };
  /** HTTP headers of every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Roles to activate, in place of the user's default roles. */
  readonly role?: readonly string[];
  /** JWT, in place of user and password. */
  readonly accessToken?: string;
  /** `http://HOST:PORT` of a proxy. */
  readonly proxy?: string;
}
