import { isTable } from "../clickhouse/catalog";
import { everywhere, readSettings } from "../clickhouse/cluster";
import { isReplicated } from "../clickhouse/engines";
import { codesOf } from "../clickhouse/error-codes";
import type { ClusterHost, ClusterMembers, Settings } from "../connection/connection";
import { ConnectionError, ServerError } from "../connection/errors";
import { messageOf, SchemaError } from "../errors";
import { qualifiedName, quoteString } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";
import { Postponed } from "./errors";
import { pause, type Runner } from "./runner";

// The journal of operations on a cluster: one table for all hosts, so that any of them can go on where another one stopped.

/** Its engine: a path without the shard, so that all shards share it. */
const REPLICATED_ENGINE = "ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/ops', '{server_uuid}', ver)";
/** A line is written when most hosts have it, one after the other: otherwise a sequential read on another host may miss it. */
const QUORUM =
  "insert_quorum = 'auto', insert_quorum_parallel = 0, insert_quorum_timeout = 5000, insert_keeper_max_retries = 3";
/** A read sees every line that was written, on whichever host. */
const SEQUENTIAL: Settings = { select_sequential_consistency: 1 };
/** Errors after which a line may be there or not. */
const UNCLEAR = codesOf(
  "TOO_FEW_LIVE_REPLICAS",
  "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE",
  "UNKNOWN_STATUS_OF_INSERT",
  "REPLICA_IS_NOT_IN_QUORUM",
  "TABLE_IS_READ_ONLY",
  "KEEPER_EXCEPTION",
  "NO_ZOOKEEPER",
  "TIMEOUT_EXCEEDED",
  "SOCKET_TIMEOUT",
  "NETWORK_ERROR",
  "ABORTED",
);
/** How long to wait until enough hosts are there, in milliseconds. */
const LIMIT = 120_000;
/** The same for a read, in milliseconds. */
const READ_LIMIT = 30_000;

/** A line as it is stored. */
export interface StoredLine {
  readonly op: string;
  readonly key: string;
  readonly value: string;
  readonly ver: bigint;
}

/**
 * Creates the table on all hosts; on one that joined later, as a replica of the others' table.
 *
 * @param columns of the table, with its sorting key.
 * @throws {SchemaError} when a host has a journal of its own.
 */
export async function createReplicated(
  runner: Runner,
  cluster: ClusterMembers,
  name: QualifiedName,
  columns: string,
  key: string,
): Promise<void> {
  const found = await refuseOwnJournals(runner, cluster, name);
  const uuids = [...new Set(found.map(({ uuid }) => uuid))];
  const had = new Set(found.map(({ host }) => host));
  if (found.length > 0 && cluster.hosts.every((host) => had.has(host))) return;
  const uuid = uuids[0] === undefined ? "" : ` UUID ${quoteString(uuids[0])}`;
  await runner.run(
    `CREATE TABLE IF NOT EXISTS ${qualifiedName(name)}${uuid} ${columns} ENGINE = ${REPLICATED_ENGINE} ${key}`,
  );
  // Two runners on two hosts, of which one was not there.
  await refuseOwnJournals(runner, cluster, name);
}

/** @throws {SchemaError} when a host has a journal of its own. @returns those that there are. */
export async function refuseOwnJournals(
  runner: Runner,
  cluster: ClusterMembers,
  name: QualifiedName,
): Promise<readonly Copy[]> {
  const found = await copiesOf(runner, cluster, name);
  const isShared =
    found.every(({ engine }) => isReplicated(engine)) && new Set(found.map(({ uuid }) => uuid)).size <= 1;
  if (isShared) return found;
  throw notShared(cluster, name, found);
}

/** Writes a line, and finds out whether it was written where the answer does not say it. @throws {Postponed} when too few hosts are there. */
export async function writeReplicated(runner: Runner, table: string, line: StoredLine): Promise<void> {
  const { key, op, value, ver } = line;
  const values = `${[op, key, value].map(quoteString).join(", ")}, toUInt64(${ver})`;
  const sql = `INSERT INTO ${table} (op, key, value, ver) SETTINGS ${QUORUM} SELECT ${values}`;
  for (const limit = Date.now() + LIMIT; ; await pause(300)) {
    try {
      return await runner.runHere(sql);
    } catch (error) {
      if (!isUnclear(error)) throw error;
      if (await isWritten(runner, table, line)) return;
      if (Date.now() > limit) throw notReached(runner.operation, LIMIT, error);
    }
  }
}

/** Rows of a read that sees what other hosts have written. @throws {Postponed} when that cannot be known for half a minute. */
export async function readReplicated<Row extends object>(
  { connection, operation }: Pick<Runner, "connection" | "operation">,
  sql: string,
): Promise<Row[]> {
  for (const limit = Date.now() + READ_LIMIT; ; await pause(300)) {
    try {
      return await connection.query<Row>(sql, {}, SEQUENTIAL);
    } catch (error) {
      if (!isUnclear(error)) throw error;
      if (Date.now() > limit) throw notReached(operation, READ_LIMIT, error);
    }
  }
}

async function isWritten(runner: Runner, table: string, { key, op, value, ver }: StoredLine): Promise<boolean> {
  const is = `op = ${quoteString(op)} AND key = ${quoteString(key)} AND ver = ${ver} AND value = ${quoteString(value)}`;
  return runner.connection.query(`SELECT 1 AS one FROM ${table} WHERE ${is} LIMIT 1`, {}, SEQUENTIAL).then(
    (rows) => rows.length > 0,
    () => false,
  );
}

function isUnclear(error: unknown): boolean {
  return error instanceof ConnectionError || (error instanceof ServerError && UNCLEAR.has(error.code));
}

/** The table on one host. */
interface Copy {
  readonly host: ClusterHost;
  readonly engine: string;
  readonly uuid: string;
}

async function copiesOf(runner: Runner, cluster: ClusterMembers, name: QualifiedName): Promise<Copy[]> {
  const rows = await runner.rows<{ number: string; engine: string; uuid: string }>(
    `SELECT toString(_shard_num) AS number, engine, toString(uuid) AS uuid FROM ${everywhere("tables", cluster)} ` +
      `WHERE ${isTable(name, "name")} ORDER BY _shard_num${readSettings(cluster)}`,
  );
  return rows.flatMap(({ number, ...row }) => {
    const host = cluster.hosts.find((one) => one.number === Number(number));
    return host === undefined ? [] : [{ ...row, host }];
  });
}

function notShared({ name: cluster }: ClusterMembers, name: QualifiedName, found: readonly Copy[]): SchemaError {
  const hosts = found.map(({ engine, host }) => `${host.name} (${engine})`).join(", ");
  return new SchemaError(
    "cluster-unsupported",
    `${qualifiedName(name)}: expected one journal of operations for all hosts of cluster ${cluster}, found one of its own on ${hosts}. Finish what is in it ` +
      "(`clickhouse-schema operations` on each host, without the cluster), drop it there, and run again",
  );
}

function notReached(operation: string, limit: number, cause: unknown): Postponed {
  const whose = operation === "" ? "The journal of operations" : `Operation ${operation}: its journal`;
  return new Postponed(
    `${whose} could not be reached for ${limit / 1000} s: more than half of the cluster's hosts, and Keeper, have to be there. ` +
      `${messageOf(cause)} Run again when they are: nothing is lost meanwhile.`,
    { cause },
  );
}
