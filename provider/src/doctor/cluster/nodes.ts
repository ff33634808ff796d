import { timeOf } from "../../cluster/census";
import type { Connection } from "../../connection/connection";
import { ServerError } from "../../connection/errors";
import { quoteString } from "../../sql/identifiers";
import { quotedName } from "../../sql/object-key";
import { type Check, check } from "../check";
import type { Host, Node } from "./hosts";
import type { PlainTable, Replica } from "./tables";

/** Seconds after which a host is silent; and no waiting for its other replicas, which are asked themselves. */
const CENSUS = {
  skip_unavailable_shards: 1,
  connections_with_failover_max_tries: 1,
  use_hedged_requests: 0,
  handshake_timeout_ms: 1000,
  receive_timeout: 2,
} as const;

/** Queries that every host answers for itself. */
export class AllNodes {
  private readonly connection: Connection;
  private readonly cluster: string;

  constructor(connection: Connection, cluster: string) {
    this.connection = connection;
    this.cluster = cluster;
  }

  async census(hosts: readonly Host[]): Promise<{ nodes: Node[]; took: number } | { failure: Check }> {
    try {
      const { rows, took } = await this.clocks();
      const members = await this.members();
      const macros = await this.macros();
      const nodes = rows.flatMap(({ number, version, now }): Node[] => {
        const host = hosts[number - 1];
        const known = members.get(number);
        if (host === undefined) return [];
        const own = {
          members: known?.members ?? [],
          local: known?.local ?? 0,
          macros: macros.get(number) ?? new Map(),
        };
        return [{ ...host, version, now, ...own }];
      });
      return { nodes: nodes.sort((one, other) => one.number - other.number), took };
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      const message = `the hosts of cluster ${this.cluster} cannot be read from this server: ${error.message}`;
      const next =
        "The message names the host. Usually the user that remote_servers logs in with is not there, or may not log in from here";
      return { failure: check("cluster-hosts", "error", message, error.nextStep ?? next) };
    }
  }

  async replicas(nodes: readonly Node[]): Promise<Replica[]> {
    const rows = await this.ask<Record<string, string>>(
      `SELECT concat(database, '\\0', table) AS key, zookeeper_path AS path, toString(is_readonly) AS is_readonly,
        toString(is_session_expired) AS expired, toString(absolute_delay) AS delay, toString(queue_size) AS queue,
        toString(total_replicas) AS replicas, concat(last_queue_update_exception, zookeeper_exception) AS exception`,
      "system.replicas",
    );
    return rows.flatMap(({ number, key = "", path = "", exception = "", ...row }) => {
      const node = nodes.find((one) => one.number === Number(number));
      if (node === undefined) return [];
      const [delay, queue, replicas] = [Number(row["delay"]), Number(row["queue"]), Number(row["replicas"])];
      const state = { isReadonly: row["is_readonly"] === "1", isSessionExpired: row["expired"] === "1" };
      return [{ node, table: quotedName(key), path, ...state, delay, queue, replicas, exception }];
    });
  }

  async plain(nodes: readonly Node[], databases: readonly string[]): Promise<PlainTable[]> {
    const rows = await this.ask<{ key: string; engine: string }>(
      "SELECT concat(database, '\\0', name) AS key, engine",
      "system.tables",
      `WHERE database IN (${databases.map(quoteString).join(", ") || "''"}) AND engine LIKE '%MergeTree' AND NOT match(engine, '^(Replicated|Shared)')`,
    );
    const tables = new Map<string, { table: string; engine: string; nodes: Node[] }>();
    for (const { number, key, engine } of rows) {
      const node = nodes.find((one) => one.number === Number(number));
      const table = tables.get(key) ?? { table: quotedName(key), engine, nodes: [] };
      if (node !== undefined) table.nodes.push(node);
      tables.set(key, table);
    }
    return [...tables.values()];
  }

  private async clocks(): Promise<{ rows: { number: number; version: string; now: number }[]; took: number }> {
    const started = performance.now();
    const rows = await this.ask<{ version: string; uuid: string }>(
      "SELECT version() AS version, toString(generateUUIDv7()) AS uuid",
      "system.one",
    );
    const took = performance.now() - started;
    const found = rows.map(({ number, version, uuid }) => ({
      number: Number(number),
      version,
      now: timeOf(uuid),
    }));
    return { rows: found, took };
  }

  private async members(): Promise<Map<number, { members: string[]; local: number }>> {
    const rows = await this.ask<{ member: string; local: string }>(
      "SELECT concat(toString(shard_num), ':', host_name, ':', toString(port)) AS member, toString(is_local) AS local",
      "system.clusters",
      `WHERE cluster = ${quoteString(this.cluster)}`,
    );
    const found = new Map<number, { members: string[]; local: number }>();
    for (const { number, member, local } of rows) {
      const one = found.get(Number(number)) ?? { members: [], local: 0 };
      found.set(Number(number), { members: [...one.members, member], local: one.local + Number(local) });
    }
    return found;
  }

  private async macros(): Promise<Map<number, Map<string, string>>> {
    const rows = await this.ask<{ macro: string; value: string }>(
      "SELECT macro, substitution AS value",
      "system.macros",
    );
    const found = new Map<number, Map<string, string>>();
    for (const { number, macro, value } of rows) {
      found.set(Number(number), (found.get(Number(number)) ?? new Map()).set(macro, value));
    }
    return found;
  }

  /** The columns, and `number`, of the rows of a system table on every host that answers. */
  private ask<Row extends object>(select: string, table: string, where = ""): Promise<(Row & { number: string })[]> {
    const settings = Object.entries(CENSUS).map(([name, value]) => `${name} = ${value}`);
    return this.connection.query<Row & { number: string }>(
      `${select}, toString(_shard_num) AS number FROM clusterAllReplicas(${quoteString(this.cluster)}, ${table}) ${where} SETTINGS ${settings.join(", ")}`,
    );
  }
}
