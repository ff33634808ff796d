import { codesOf } from "../../clickhouse/error-codes";
import type { ClusterHost, Connection, Settings } from "../../connection/connection";
import { ConnectionError, ServerError } from "../../connection/errors";
import { messageOf, SchemaError } from "../../errors";
import { Postponed } from "../../operation/errors";
import { pause, Runner, type RunnerHooks } from "../../operation/runner";

/** How long a host that does not answer, or cannot yet, is waited for, in milliseconds. */
const PATIENCE = 600_000;
/** Longest wait for one statement that waits for others on the server, in seconds. */
const SYNC_TIMEOUT = 20;

/** A host without Keeper, with a session that has just ended, or with another change of its own under way. */
const PASSING = codesOf(
  "TIMEOUT_EXCEEDED",
  "TOO_MANY_SIMULTANEOUS_QUERIES",
  "SOCKET_TIMEOUT",
  "NETWORK_ERROR",
  "NO_ZOOKEEPER",
  "ABORTED",
  "TABLE_IS_READ_ONLY",
  "ALL_CONNECTION_TRIES_FAILED",
  "UNFINISHED",
  "QUERY_WAS_CANCELLED",
  "DEADLOCK_AVOIDED",
  "CANNOT_ASSIGN_ALTER",
  "KEEPER_EXCEPTION",
);

/** Whether the same statement may succeed on the same host a moment later. */
export function isPassing(error: unknown): boolean {
  return error instanceof ConnectionError || (error instanceof ServerError && PASSING.has(error.code));
}

/** One host of the cluster, reached directly. */
export class Host {
  readonly host: ClusterHost;
  readonly runner: Runner;

  constructor(host: ClusterHost, runner: Runner) {
    this.host = host;
    this.runner = runner;
  }

  get name(): string {
    return this.host.name;
  }

  /** Runs a statement that may be repeated, until the host has done it. @throws {Postponed} after ten minutes. */
  run(sql: string): Promise<void> {
    return this.persist(() => this.runner.run(sql));
  }

  rows<Row extends object>(sql: string): Promise<Row[]> {
    return this.persist(() => this.runner.rows<Row>(sql));
  }

  one<Row extends object>(sql: string): Promise<Row> {
    return this.persist(() => this.runner.one<Row>(sql));
  }

  /** Waits until the host has all that the log of a table has now. */
  sync(table: string, what: "LIGHTWEIGHT" | "PULL" = "LIGHTWEIGHT"): Promise<void> {
    return this.persist(() => this.syncOnce(table, what));
  }

  /** The same, once. */
  syncOnce(table: string, what: "LIGHTWEIGHT" | "PULL" = "LIGHTWEIGHT"): Promise<void> {
    return this.runner.run(`SYSTEM SYNC REPLICA ${table} ${what}`, { receive_timeout: SYNC_TIMEOUT });
  }

  /**
   * Repeats work that may be repeated while the host is down, or cannot do it yet.
   *
   * @throws {Postponed} after ten minutes.
   */
  async persist<T>(work: () => Promise<T>): Promise<T> {
    for (const limit = Date.now() + PATIENCE; ; await pause(150)) {
      try {
        return await work();
      } catch (error) {
        if (!isPassing(error)) throw error;
        // The statement may run although its answer was lost.
        await this.runner.endLeftovers().catch(() => undefined);
        if (Date.now() > limit) {
          throw new Postponed(
            `Operation ${this.runner.operation}: ${this.name} could not do its part for ${PATIENCE / 60_000} minutes: ${messageOf(error)} ` +
              "Inserts are accepted, and the next run resumes the operation.",
            { cause: error },
          );
        }
      }
    }
  }
}

/** The hosts of one shard. */
export interface Shard {
  readonly number: number;
  /** The host that copies the shard's rows; the others get them as replicas. */
  readonly worker: Host;
  readonly hosts: readonly Host[];
}

/** All hosts of the cluster that an operation runs on. */
export interface Fleet {
  readonly hosts: readonly Host[];
  readonly shards: readonly Shard[];
}

/**
 * Opens all hosts.
 *
 * @param workers addresses of those that copy; the first of each shard by default.
 * @throws {SchemaError} when the connection is no cluster, or its hosts cannot be reached.
 */
export async function openFleet(
  connection: Connection,
  operation: string,
  hooks: RunnerHooks,
  workers?: readonly string[],
): Promise<Fleet> {
  if (connection.hosts === undefined) {
    throw new SchemaError(
      "cluster-unusable",
      `Operation ${operation}: runs on the hosts of a cluster, and the connection is to ${connection.url} alone. Name the cluster and its hosts: ` +
        "--cluster and --nodes, or clickhouse:cluster and clickhouse:nodes",
    );
  }
  const hosts = (await connection.hosts()).map(
    ({ connection: one, host }) => new Host(host, new Runner(one, operation, hooks)),
  );
  const numbers = [...new Set(hosts.map(({ host }) => host.shard))].sort((a, b) => a - b);
  const shards = numbers.map((number): Shard => {
    const own = hosts.filter(({ host }) => host.shard === number);
    const worker =
      own.find(({ host }) => workers?.includes(host.address)) ?? (workers === undefined ? own[0] : undefined);
    if (worker !== undefined) return { number, worker, hosts: own };
    throw new SchemaError(
      "changed-meanwhile",
      `Operation ${operation}: none of the hosts that copied its rows (${workers?.join(", ")}) is in shard ${number} of the cluster any more. Abort it, and run again.`,
    );
  });
  return { hosts, shards };
}

/** Runs work on several hosts at once. */
export function onAll<T>(hosts: readonly Host[], work: (host: Host) => Promise<T>): Promise<T[]> {
  return Promise.all(hosts.map(work));
}

/** Settings of a statement that must not wait for other replicas. */
export const ALONE: Settings = { alter_sync: 1, mutations_sync: 0 };

/** Ends when the work does, or is late: what it began may still come later. */
export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const over = new AbortController();
  work.catch(() => undefined);
  const late = pause(Math.max(0, milliseconds), over.signal).then((isLate) => {
    if (isLate) throw new TooLate("a host did not answer in time");
    return new Promise<never>(() => undefined);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}

/** A host has not answered in time. */
export class TooLate extends Error {}
