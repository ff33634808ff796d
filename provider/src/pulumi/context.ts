import { existsSync } from "node:fs";
import type { Renaming } from "../apply/rename";
import type { ScratchEngine } from "../canonical/scratch-engine";
import { unsupported } from "../clickhouse/capabilities";
import type { ClusterConnection } from "../cluster/cluster-connection";
import {
  type ConfigKey,
  type ConfigOrigin,
  FROM_CONFIG,
  NO_URL,
  type ProviderConfig,
  parseConfig,
  type RawConfig,
  variableOf,
} from "../config/config";
import type { Connection } from "../connection/connection";
import { openConnection } from "../connection/open";
import { parseUrl } from "../connection/url";
import type { ChangeOptions } from "../declare/options";
import { messageOf, SchemaError } from "../errors";
import type { LiveObject } from "../introspect/live-object";
import { ServerCatalog } from "../introspect/server-catalog";
import type { ServerIdentity } from "../introspect/server-identity";
import { HiddenError } from "../introspect/visibility";
import type { Definition } from "../sql/definition";
import { objectKey } from "../sql/object-key";
import type { QualifiedName } from "../sql/spec";
import { checkingEngine } from "./checking-engine";
import { isOfCluster, StackCluster } from "./clustered";
import type { Look } from "./current-state";
import type { First } from "./first";
import { engineLog, type Log } from "./log";
import type { Change, Planned } from "./planning";
import type { CheckedSecrets } from "./secrets";
import { announceServer, identityOf, shownUrl } from "./server";
import { Turns } from "./turns";
import { Wave } from "./wave";

/** How long a failure to open is reused for further attempts, in milliseconds. */
const FAILURE_KEPT = 5000;

/** What this process has checked, by key. */
export interface Checked {
  readonly urn: string | undefined;
  /** Undefined until computed. */
  readonly definition: Definition | undefined;
  readonly fingerprint: string;
  readonly dependencies: readonly string[];
  readonly sensitive: boolean;
  readonly deletion?: string | undefined;
}

/** Everything that the methods of one provider process share; opened lazily, because most previews need none of it. */
export class Context {
  readonly log: Log;
  readonly checked = new Map<string, Checked>();
  readonly live: ServerCatalog;
  readonly scratch: ScratchEngine;
  /** What this run renames; definitions that mention it are updated. */
  readonly renames: Renaming[] = [];
  private readonly held = new Map<string, Promise<number | undefined>>();
  /** What this run renames, by old key. */
  readonly moves = new Map<string, { readonly to: string; readonly urn: string | undefined }>();
  /** Removals that run concurrently. */
  readonly wave = new Wave();
  private raw: RawConfig = {};
  origin: ConfigOrigin = FROM_CONFIG;
  /** Objects that are on another server according to the state, by key, with its URL. */
  readonly elsewhere = new Map<string, string>();
  /** Whether the server is reported, and stored in the state: only in a process of the Pulumi engine. */
  readonly identifies: boolean;
  /** Whether a check has failed. */
  hasRefused = false;
  /** Asks the program what else it declares. */
  readonly askProgram: () => Promise<unknown>;
  private announced: Promise<void> | undefined;
  private identified: Promise<ServerIdentity | undefined> | undefined;
  private opened: Promise<Connection> | undefined;
  private readonly cluster: StackCluster;
  /** Keys of objects that are on one host of the stack's cluster only. */
  readonly alone = new Set<string>();
  private unreachable: string | undefined;
  private readonly warned = new Set<string>();
  /** Statements of readers that rows of this run have changed for what they read, by key. */
  readonly changedHere = new Map<string, string>();
  readonly turns = new Turns();
  /** How a checked object may change, by key. */
  readonly options = new Map<string, ChangeOptions>();
  /** What judges declarations, if not the embedded engine. */
  checker: string | undefined;
  /** What `check` has planned, by key; `update` verifies that it still holds. */
  readonly planned = new Map<string, Planned & Change & { readonly first: readonly First[] }>();
  /** What is changed before a new object is created, by its key. */
  readonly beforeNew = new Map<string, readonly First[]>();
  /** Secrets of a checked object, by key: kept in this process alone. */
  readonly secrets = new Map<string, Pick<CheckedSecrets, "values" | "changed">>();
  /** Keys of objects with a plan although nothing in their declaration has changed. */
  readonly planAlone = new Set<string>();

  constructor(log: Log = engineLog, { identifies = false, askProgram = async (): Promise<unknown> => undefined } = {}) {
    this.log = log;
    this.askProgram = askProgram;
    this.identifies = identifies;
    this.cluster = new StackCluster(
      () => this.config,
      () => this.server(),
    );
    this.live = new ServerCatalog(
      () => this.connection(),
      (key) => this.alone.has(key),
    );
    this.scratch = checkingEngine(this);
  }

  /** Only stores: other methods may run before and while it is called. */
  configure(raw: RawConfig, origin: ConfigOrigin = FROM_CONFIG): void {
    this.raw = raw;
    this.origin = origin;
  }

  /** Reports the server, once. @throws as {@link announceServer}. */
  async announce(): Promise<void> {
    if (!this.identifies) return;
    this.announced ??= announceServer(this);
    await this.announced;
  }

  /** Which server this is; undefined if it cannot be reached. */
  identity(): Promise<ServerIdentity | undefined> {
    this.identified ??= this.identify();
    return this.identified;
  }

  private async identify(): Promise<ServerIdentity | undefined> {
    const url = this.config.connection?.url;
    if (url === undefined) return undefined;
    if (url.startsWith("chdb:")) return { url, ids: [`embedded:${encodeURI(url)}`] };
    if (!this.reachable) return undefined;
    return this.connection()
      .then((connection) => identityOf(connection, shownUrl(url)))
      .catch(() => undefined);
  }

  /** Where the connection's settings come from, in parentheses. */
  get whence(): string {
    const { provider, fromEnvironment } = this.origin;
    const own = provider === undefined ? "config" : `Provider ${provider}`;
    return ` (URL from ${fromEnvironment.includes("url") ? `${this.variableOf("url")} in the environment` : own})`;
  }

  /** Whether this belongs to an explicit provider, not the stack's default one. */
  get isExplicit(): boolean {
    return this.origin.provider !== undefined;
  }

  /** The environment variable that overrides the key. */
  variableOf(key: ConfigKey): string {
    return variableOf(key, this.origin.provider);
  }

  /** @throws {SchemaError} when the config cannot be used. */
  get config(): ProviderConfig {
    return parseConfig(this.raw);
  }

  /** The stack's cluster or, if it has none, the server. @throws {ConnectionError}, {SchemaError} when it is not configured, or unusable. */
  connection(): Promise<Connection> {
    return this.config.cluster === undefined ? this.server() : this.cluster.open();
  }

  /** The stack's cluster; undefined if it has none. */
  async stackCluster(): Promise<ClusterConnection | undefined> {
    return this.config.cluster === undefined ? undefined : this.cluster.open();
  }

  /** What runs statements on an object: all hosts of the stack's cluster, or the server alone. */
  connectionOf(key: string): Promise<Connection> {
    return this.alone.has(key) ? this.server() : this.connection();
  }

  /** Undefined where an object is not on a cluster. */
  async clusterOf(key: string): Promise<ClusterConnection | undefined> {
    return this.alone.has(key) ? undefined : this.stackCluster();
  }

  private server(): Promise<Connection> {
    this.opened ??= this.open().catch((error: unknown) => {
      // A locked folder has been waited for; an immediate second attempt need not wait again.
      setTimeout(() => (this.opened = undefined), FAILURE_KEPT).unref();
      throw error;
    });
    return this.opened;
  }

  /** Warns once in the life of the process. */
  async warnOnce(urn: string | undefined, message: string): Promise<void> {
    if (this.warned.has(message)) return;
    this.warned.add(message);
    await this.log.warn(urn, message);
  }

  /** Rows that a table held when it was first examined: rows that this run adds are not counted. */
  heldBefore({ database, name }: QualifiedName, count: () => Promise<number | undefined>): Promise<number | undefined> {
    const key = objectKey(database, name);
    const known = this.held.get(key) ?? count();
    this.held.set(key, known);
    return known;
  }

  async close(): Promise<void> {
    const opened = await this.opened?.catch(() => undefined);
    await Promise.allSettled([opened?.close(), this.scratch.close()]);
  }

  private async open(): Promise<Connection> {
    const { connection } = this.config;
    if (connection === undefined) throw new SchemaError("url-missing", NO_URL);
    const opened = await openConnection(connection);
    const warning = unsupported(opened.version);
    if (warning !== undefined) await this.warnOnce(undefined, `${warning}. Update the server.`);
    return opened;
  }

  /** False once the server could not be reached. */
  get reachable(): boolean {
    return this.unreachable === undefined;
  }

  /** Whether the server may be queried: it has not been found unreachable, and a preview would not have to create it. */
  get mayAsk(): boolean {
    return this.reachable && !this.isNotMadeYet();
  }

  /**
   * A live object, or undefined if there is none or the server cannot be reached; the latter is tried once, and warned about once.
   *
   * @throws {HiddenError} when it may exist where the user cannot see it.
   */
  async reachableLive(urn: string | undefined, key: string): Promise<LiveObject | undefined> {
    return this.asked(urn, () => this.live.find(key));
  }

  /** The server's answer; undefined if it cannot be reached. */
  async asked<T>(urn: string | undefined, question: () => Promise<T>): Promise<T | undefined> {
    if (!this.mayAsk) return undefined;
    try {
      return await question();
    } catch (error) {
      if (error instanceof HiddenError || isOfCluster(error)) throw error;
      await this.warnUnreachable(urn, messageOf(error));
      return undefined;
    }
  }

  /** The server, as far as a preview may query it; undefined where {@link reachableLive} would find nothing. */
  async reachableServer(urn: string | undefined): Promise<Connection | undefined> {
    await this.reach(urn);
    return this.mayAsk ? this.connection() : undefined;
  }

  /** The materialized views on the server; none if it cannot be reached. */
  async reachableViews(urn: string | undefined): Promise<readonly LiveObject[]> {
    return (await this.reachableServer(urn)) === undefined ? [] : this.live.materializedViews();
  }

  /** Runs a query that every user may run, to find out whether the server can be reached. */
  private async reach(urn: string | undefined): Promise<void> {
    await this.asked(urn, () => this.live.peek(objectKey("default")));
  }

  /** From now on the server is not queried. */
  async warnUnreachable(urn: string | undefined, reason: string): Promise<void> {
    this.unreachable = reason;
    await this.warnOnce(
      urn,
      `The server could not be queried, so this preview uses only the state and the embedded engine. ${reason}`,
    );
  }

  /** Looks for objects as a preview may: an unreachable server is not an error. */
  lookFor(urn: string | undefined): Look {
    return async (key) => {
      const live = await this.reachableLive(urn, key);
      return { asked: this.mayAsk, live };
    };
  }

  /** An embedded data folder that a preview must not create. */
  private isNotMadeYet(): boolean {
    const url = this.config.connection?.url;
    if (this.opened !== undefined || url === undefined || !url.startsWith("chdb:")) return false;
    const target = parseUrl(url);
    return target.kind === "chdb" && !existsSync(target.path);
  }
}
