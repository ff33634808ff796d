import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Capabilities } from "../clickhouse/capabilities";
import { isReplicated } from "../clickhouse/engines";
import type { ClusterMembers, Connection, HostConnection, QueryParams, Settings } from "../connection/connection";
import { ConnectionError, ServerError } from "../connection/errors";
import { isBehind } from "../connection/server-message";
import { SchemaError } from "../errors";
import { quoteString } from "../sql/identifiers";
import { onCluster, subjectOf } from "../sql/on-cluster";
import { oneLine } from "../util/format";
import { Serial } from "../util/serial";
import { awaitApplied } from "./applied";
import { type Census, describeApart, takeCensus } from "./census";
import { hostsFailed } from "./failure";
import { type Addresses, openHosts } from "./hosts";
import { type HostOutcome, lookUp } from "./queue";

/** How statements run on a cluster. */
export interface ClusterOptions {
  /** What happens while a host does not answer: nothing runs, or the queue of ON CLUSTER brings it to that host later. */
  readonly downHosts: "refuse" | "queue";
  /** Seconds to wait for all hosts to run a statement; after that it is looked up. */
  readonly ddlTimeout: number;
  /** Where the hosts are reached one by one. Default: nowhere. */
  readonly addresses?: Addresses;
}

/** How old the answer to who is there may be, in milliseconds. */
const CENSUS_KEPT = 5000;
/** Pauses before a change is tried again that a replica cannot take yet, in milliseconds. */
const RETRIES = [200, 400, 800, 1600, 3200, 6400];
/** How long replicas are given to apply what must not be left undone, in milliseconds. */
const APPLIED_WITHIN = 3000;
/** Pause between two looks at the queue, in milliseconds. */
const LOOK = 500;
/** No entry of ours holds the queue of ON CLUSTER: what has to be waited for is polled on the hosts. */
const SETTINGS: Settings = {
  mutations_sync: 0,
  alter_sync: 0,
  lightweight_deletes_sync: 0,
  distributed_ddl_output_mode: "null_status_on_timeout",
};

/** Seconds for those that answer; the queue brings it to the others. */
const LATER: Settings = {
  distributed_ddl_output_mode: "null_status_on_timeout_only_active",
  distributed_ddl_task_timeout: 5,
};

interface HostRow {
  readonly host?: string;
  readonly port?: string | number;
  readonly status: string | number | null;
  readonly error?: string;
}

/**
 * A cluster through one of its hosts. What changes something runs on all hosts, one statement at a time, in a form that may be repeated: by ON
 * CLUSTER, or in a Replicated database, which hands it on, without. Reads go to the one host, and to all where the reader asks for that.
 */
export class ClusterConnection implements Connection {
  readonly cluster: ClusterMembers;
  private readonly server: Connection;
  private readonly options: ClusterOptions;
  private readonly turns = new Serial();
  private readonly pending = new Map<string, HostOutcome>();
  private readonly engines = new Map<string, Promise<boolean>>();
  private direct: Promise<readonly HostConnection[]> | undefined;
  private balanced: Promise<boolean> | undefined;
  private counted: { readonly at: number; readonly census: Promise<Census> } | undefined;

  constructor(server: Connection, cluster: ClusterMembers, options: ClusterOptions) {
    this.server = server;
    this.cluster = cluster;
    this.options = options;
  }

  get url(): string {
    return this.server.url;
  }

  get version(): string {
    return this.server.version;
  }

  get capabilities(): Capabilities {
    return this.server.capabilities;
  }

  query<Row extends object>(sql: string, params?: QueryParams, settings?: Settings): Promise<Row[]> {
    return this.server.query<Row>(sql, params, settings);
  }

  insert(table: string, rows: readonly object[]): Promise<void> {
    return this.server.insert(table, rows);
  }

  get here(): Connection {
    return this.server;
  }

  hosts(): Promise<readonly HostConnection[]> {
    this.direct ??= openHosts(this.cluster, this.options.addresses).catch((error: unknown) => {
      this.direct = undefined;
      throw error;
    });
    return this.direct;
  }

  async close(): Promise<void> {
    const direct = (await this.direct?.catch(() => undefined)) ?? [];
    await Promise.all([this.server.close(), ...direct.map(({ connection }) => connection.close())]);
  }

  /**
   * Runs a statement on all hosts.
   *
   * @throws {SchemaError} before anything runs: `host-down`, or `cluster-unsupported` for a statement that has no place in the queue;
   *   `host-failed` when a host could not run it, with what the others have done.
   */
  command(sql: string): Promise<void> {
    return this.turns.run(() => this.run(sql));
  }

  /**
   * Runs a statement that a host may get later, from the queue or from its table's log, without waiting for one that does not answer: for what
   * must not be left undone, and what is harmless whenever it comes.
   *
   * @throws {SchemaError} as {@link ClusterConnection.command}, but for `host-down`.
   */
  insist(sql: string): Promise<void> {
    return this.turns.run(async () => {
      await this.attempts(await this.asRun(sql, randomUUID()), LATER);
      await this.applied(sql, APPLIED_WITHIN);
    });
  }

  /** The statement as it is sent. @throws as {@link ClusterConnection.command}. */
  async asRun(sql: string, uuid?: string): Promise<string> {
    const { database } = subjectOf(sql);
    const handsOn = database !== undefined && (await this.handsOn(database));
    const form = handsOn ? { cluster: undefined } : { cluster: this.cluster.name, ...(uuid !== undefined && { uuid }) };
    const text = onCluster(sql, form);
    if (text !== undefined) return text;
    throw new SchemaError(
      "cluster-unsupported",
      `Not run on cluster ${this.cluster.name}, where only the schema is changed: ${oneLine(sql)}`,
    );
  }

  /** Whether the database is Replicated, or a cloud's, and runs statements on all of its replicas itself. */
  handsOn(database: string): Promise<boolean> {
    const known = this.engines.get(database) ?? this.askEngine(database);
    this.engines.set(database, known);
    known.catch(() => this.engines.delete(database));
    return known;
  }

  private async askEngine(database: string): Promise<boolean> {
    const [row] = await this.server.query<{ engine: string }>(
      `SELECT engine FROM system.databases WHERE name = ${quoteString(database)}`,
    );
    return isReplicated(row?.engine);
  }

  /** Who answers now, and that Keeper does; asked again after five seconds. */
  private census(): Promise<Census> {
    if (this.counted === undefined || Date.now() - this.counted.at > CENSUS_KEPT) {
      const census = takeCensus(this.server, this.cluster);
      census.catch(() => (this.counted = undefined));
      this.counted = { at: Date.now(), census };
    }
    return this.counted.census;
  }

  /** What to say of clocks that differ; undefined if they agree. */
  async clocks(): Promise<string | undefined> {
    const { apart } = await this.census();
    return apart && describeApart(apart);
  }

  /** Where the last statements still wait in the queue, by host. */
  get waiting(): ReadonlyMap<string, HostOutcome> {
    return this.pending;
  }

  /** @throws {SchemaError} `host-down`, unless the configuration lets the queue bring what is missed. */
  async refuseSilent(what: string, isSimple = true): Promise<void> {
    const { silent } = await this.census();
    if (silent.length === 0 || (isSimple && this.options.downHosts === "queue")) return;
    const names = silent.map(({ name }) => name).join(", ");
    const does = silent.length === 1 ? "does" : "do";
    const go = isSimple
      ? ", or continue without it, and the queue of ON CLUSTER delivers it later: `pulumi config set clickhouse:downHosts queue`"
      : "; this cannot be left to the queue of ON CLUSTER";
    throw new SchemaError(
      "host-down",
      `${names} of cluster ${this.cluster.name} ${does} not answer, so nothing was done: ${what}. Wait for it, or take it out of the ` +
        `cluster's configuration${go}`,
    );
  }

  /** Whether the URL leads to another host each time: it is a load balancer's. Costs four queries at once, the first time. */
  isBalanced(): Promise<boolean> {
    this.balanced ??= this.askServers().catch((error: unknown) => {
      this.balanced = undefined;
      throw error;
    });
    return this.balanced;
  }

  private async askServers(): Promise<boolean> {
    // At once, so that they do not share one kept connection.
    const asked = Array.from({ length: 4 }, () =>
      this.server.query<{ id: string }>("SELECT toString(serverUUID()) AS id"),
    );
    return new Set((await Promise.all(asked)).map(([row]) => row?.id)).size > 1;
  }

  private async run(sql: string): Promise<void> {
    const { database, verb } = subjectOf(sql);
    // A statement about databases may change what they are.
    if (database === undefined) this.engines.clear();
    const text = await this.asRun(sql, randomUUID());
    await this.refuseSilent(oneLine(text), verb !== "RENAME" && verb !== "EXCHANGE");
    await this.attempts(text);
    await this.applied(sql, this.options.ddlTimeout * 1000);
  }

  /** Until then replicas refuse another change of the table. */
  private async applied(sql: string, limit: number): Promise<void> {
    const { database, name, verb } = subjectOf(sql);
    if (verb !== "ALTER" || database === undefined || name === undefined) return;
    await awaitApplied(this.server, this.cluster, { database, name }, limit);
  }

  private async attempts(text: string, settings: Settings = {}): Promise<void> {
    const { verb } = subjectOf(text);
    const mark = `pulumi-clickhouse-schema ${randomUUID()}`;
    for (const [turn, wait] of [...RETRIES, undefined].entries()) {
      try {
        return await this.send(text, turn === 0 ? mark : `${mark} ${turn}`, verb, settings);
      } catch (error) {
        if (wait === undefined || !isBehind((error as Error).cause ?? error)) throw error;
        await sleep(wait);
      }
    }
  }

  private async send(sql: string, mark: string, verb: string, settings: Settings): Promise<void> {
    const mode = verb === "UNDROP" ? { distributed_ddl_output_mode: "never_throw" } : {};
    const timeout = { distributed_ddl_task_timeout: this.options.ddlTimeout, log_comment: mark };
    try {
      const rows = await this.server.query<HostRow>(sql, {}, { ...SETTINGS, ...mode, ...timeout, ...settings });
      await this.settle(rows, mark, sql, verb);
    } catch (error) {
      if (error instanceof ConnectionError) return this.afterLoss(error, mark, sql);
      if (error instanceof ServerError) throw await this.explained(error, mark, sql);
      throw error;
    }
  }

  /** A host without a status has not run it within the time limit: the queue says how far it is. */
  private async settle(rows: readonly HostRow[], mark: string, sql: string, verb: string): Promise<void> {
    const failed = rows.filter(
      ({ status }) => status !== null && !["0", "OK", "QUEUED", "IN_PROGRESS"].includes(String(status)),
    );
    if (verb === "UNDROP" && failed.length > 0 && failed.length === rows.length) {
      throw new ServerError(failed[0]?.error ?? "", Number(failed[0]?.status), sql);
    }
    if (rows.every(({ status }) => status !== null)) {
      this.pending.clear();
      return;
    }
    this.note(await lookUp(this.server, this.cluster, mark), sql);
  }

  private note(outcomes: readonly HostOutcome[], sql: string): void {
    const failed = outcomes.filter(({ state }) => state === "failed");
    if (failed.length > 0) throw hostsFailed(outcomes, sql);
    this.pending.clear();
    for (const one of outcomes) if (one.state === "waiting") this.pending.set(one.host.name, one);
  }

  /** The connection was lost, or its time limit was shorter: if the statement is in the queue, the hosts go on with it. */
  private async afterLoss(error: ConnectionError, mark: string, sql: string): Promise<void> {
    const until = Date.now() + this.options.ddlTimeout * 1000;
    for (;;) {
      const outcomes = await lookUp(this.server, this.cluster, mark).catch(() => []);
      if (outcomes.length === 0) throw error;
      if (Date.now() > until || outcomes.every(({ state }) => state !== "waiting")) return this.note(outcomes, sql);
      await sleep(LOOK);
    }
  }

  /** The error of one host, with what the others have done. One that never reached the queue stays as it is. */
  private async explained(error: ServerError, mark: string, sql: string): Promise<Error> {
    const outcomes = await lookUp(this.server, this.cluster, mark).catch(() => []);
    const failed = outcomes.filter(({ state }) => state === "failed");
    return failed.length === 0 ? error : hostsFailed(outcomes, sql, error);
  }
}
