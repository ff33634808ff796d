import { unfinishedOperations } from "../apply/operations";
import { isTypeSetting, TYPE_SETTINGS } from "../canonical/feature-flags";
import { listDatabases } from "../clickhouse/catalog";
import type { Connection } from "../connection/connection";
import { ConnectionError, ServerError } from "../connection/errors";
import { isAuthenticationFailed } from "../connection/server-message";
import { messageOf } from "../errors";
import { ServerCatalog } from "../introspect/server-catalog";
import { databasesWithJournal } from "../operation/journal";
import type { Right } from "../sql/grants";
import { quotedName } from "../sql/object-key";
import { type Check, check } from "./check";
import { checkCluster } from "./cluster/check";
import { clockCheck, diskChecks, engineCheck, settingChecks, typeChecks, versionCheck } from "./judgements";
import { optional } from "./optional";
import { checkRights } from "./rights";

/** The server's own databases. */
const SYSTEM: ReadonlySet<string> = new Set(["system", "information_schema", "INFORMATION_SCHEMA"]);
/** What is checked on a server. */
export interface ServerSubject {
  /** Databases, which need not exist. Default: all except the server's own. */
  readonly databases: readonly string[] | undefined;
  /** Version of the embedded engine, if there is one. */
  readonly scratch: string | undefined;
  /** The cluster whose hosts are checked, as in `system.clusters`. Default: none. */
  readonly cluster?: string;
  /** Privileges that a program gives to others, to check what it needs for users, roles and the like. Default: that is not checked. */
  readonly passedOn?: readonly Right[];
}

/**
 * Checks a server: version, privileges, clock, settings, engines of databases, disks, unfinished operations, and its cluster if one is
 * named. Changes nothing. Costs some ten queries, as many for a cluster; more when privileges are missing.
 *
 * @throws {ConnectionError} when the connection is lost during the checks.
 */
export async function checkServer(connection: Connection, subject: ServerSubject): Promise<Check[]> {
  const isEmbedded = connection.url.startsWith("chdb:");
  const existing = await databasesOf(connection, subject.databases);
  const names = subject.databases ?? existing.map(({ name }) => name);
  const rights = isEmbedded
    ? [check("rights", "skipped", "rights: the embedded engine asks for none")]
    : await optional("rights", () => rightsOf(connection, names, subject.passedOn));
  const settings = await optional("settings", () => settingsOf(connection));
  const isHeld = settings.some(({ status }) => status === "error");
  return [
    versionCheck(connection.version, subject.scratch),
    ...(await optional("reading", () => readingCheck(connection))),
    ...(isHeld ? rights.map(untold) : rights),
    ...(isEmbedded ? [] : await optional("clock", () => clockOf(connection))),
    ...settings,
    ...existing.flatMap(engineCheck),
    ...(await clusterOf(connection, subject.cluster, names)),
    ...(await optional("disks", () => disksOf(connection, names))),
    ...(await optional("operations", () => operationsOf(connection))),
  ];
}

/** A readonly user may not change anything, whatever was granted: no GRANT fixes that. */
function untold(found: Check): Check {
  if (found.status === "ok" || found.id === "rights-read") return found;
  return check(
    found.id,
    "skipped",
    "rights to change something: unknown until the user's profile lets it change anything",
  );
}

/** Explains why there is no connection. */
export function unreachable(error: unknown): Check {
  if (!(error instanceof ConnectionError)) return check("connection", "error", messageOf(error));
  return check(`connection-${reasonOf(error)}`, "error", error.message);
}

/** A short name for the reason; the message has the next step. */
function reasonOf({ cause }: ConnectionError): string {
  if (isAuthenticationFailed(cause)) return "authentication";
  const code = cause instanceof Error ? String((cause as NodeJS.ErrnoException).code ?? "") : "";
  if (/^(?:ENOTFOUND|EAI_)/.test(code)) return "dns";
  if (code === "ECONNREFUSED") return "refused";
  if (/^(?:EHOST|ENET|ETIMEDOUT)/.test(code)) return "network";
  return /EPROTO|CERT|SELF_SIGNED|ISSUER|ERR_SSL|ERR_TLS/.test(code) ? "tls" : "failed";
}

/** Runs what introspection runs: a server that is too old lacks one of its functions or columns. */
async function readingCheck(connection: Connection): Promise<Check[]> {
  try {
    await new ServerCatalog(async () => connection).inDatabase("INFORMATION_SCHEMA");
    return [check("reading", "ok", "the server's definitions can be read")];
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    return [
      check(
        "reading",
        "error",
        `the server's definitions cannot be read: ${error.message}`,
        "Is the server too old? Update it",
      ),
    ];
  }
}

async function rightsOf(
  connection: Connection,
  names: readonly string[],
  passedOn: readonly Right[] | undefined,
): Promise<Check[]> {
  const rows = await connection.query<{ engine: string }>(
    "SELECT DISTINCT engine FROM system.tables WHERE database IN {names:Array(String)} AND engine LIKE '%MergeTree' ORDER BY engine",
    { names },
  );
  const engines = [...new Set(["MergeTree", ...rows.map(({ engine }) => engine)])];
  return checkRights(connection, names, engines, await guardedOf(connection, names), passedOn);
}

/** Databases in which somebody may see only some rows or columns; none if this user may not see that. */
async function guardedOf(connection: Connection, names: readonly string[]): Promise<string[]> {
  const questions = [
    "SELECT DISTINCT assumeNotNull(database) AS database FROM system.row_policies WHERE database IN {names:Array(String)}",
    "SELECT DISTINCT assumeNotNull(database) AS database FROM system.grants WHERE database IN {names:Array(String)} " +
      "AND table IS NOT NULL AND (is_partial_revoke OR column IS NOT NULL)",
  ];
  const found = await Promise.all(
    questions.map((sql) =>
      connection.query<{ database: string }>(sql, { names }).catch((error: unknown) => {
        if (error instanceof ServerError) return [];
        throw error;
      }),
    ),
  );
  return [...new Set(found.flat().map(({ database }) => database))].sort();
}

async function clockOf(connection: Connection): Promise<Check[]> {
  const before = Date.now();
  const [row] = await connection.query<{ now: string }>("SELECT toString(toUnixTimestamp64Milli(now64(3))) AS now");
  return [clockCheck(Number(row?.now), before, Date.now())];
}

interface Setting {
  readonly name: string;
  readonly value: string;
}

async function settingsOf(connection: Connection): Promise<Check[]> {
  const names = ["readonly", "allow_ddl", "async_insert", "wait_for_async_insert", "cloud_mode"];
  const rows = await connection.query<Setting & { changed: unknown }>(
    "SELECT name, value, changed FROM system.settings WHERE name IN {names:Array(String)}",
    { names: [...names, ...TYPE_SETTINGS] },
  );
  const types = rows.filter(({ name, changed }) => isTypeSetting(name) && Number(changed) > 0);
  return [...settingChecks(new Map(rows.map(({ name, value }) => [name, value]))), ...typeChecks(types)];
}

interface DatabaseRow {
  readonly name: string;
  readonly engine: string;
}

async function databasesOf(connection: Connection, wanted: readonly string[] | undefined): Promise<DatabaseRow[]> {
  const rows = await listDatabases(connection);
  return rows.filter(({ name }) => (wanted === undefined ? !SYSTEM.has(name) : wanted.includes(name)));
}

async function clusterOf(
  connection: Connection,
  cluster: string | undefined,
  databases: readonly string[],
): Promise<Check[]> {
  if (cluster !== undefined) return optional("cluster", () => checkCluster(connection, { cluster, databases }));
  return optional("cluster", () => clustersBeside(connection));
}

/** Clusters that the connection leaves out. One named after a Replicated database is that database's. */
async function clustersBeside(connection: Connection): Promise<Check[]> {
  const rows = await connection.query<{ cluster: string; hosts: string }>(
    "SELECT cluster, toString(count()) AS hosts FROM system.clusters " +
      "WHERE cluster NOT IN (SELECT name FROM system.databases WHERE engine = 'Replicated') " +
      "GROUP BY cluster HAVING count() > 1 ORDER BY cluster",
  );
  if (rows.length === 0) return [];
  const names = rows.map(({ cluster, hosts }) => `${cluster} (${hosts} hosts)`).join(", ");
  const message = `clusters ${names}: none is configured, so only this host is checked here`;
  return [
    check(
      "cluster",
      "warning",
      message,
      "To bring a stack to all hosts of one, set clickhouse:cluster; to check them, --cluster NAME",
    ),
  ];
}

async function disksOf(connection: Connection, names: readonly string[]): Promise<Check[]> {
  const disks = await connection.query<{ name: string; free: string; total: string }>(
    "SELECT name, toString(free_space) AS free, toString(total_space) AS total FROM system.disks ORDER BY name",
  );
  const tables = await connection.query<{ key: string; bytes: string }>(
    "SELECT concat(database, '\\0', name) AS key, toString(total_bytes) AS bytes FROM system.tables " +
      "WHERE database IN {names:Array(String)} AND engine LIKE '%MergeTree' ORDER BY total_bytes DESC LIMIT 1",
    { names },
  );
  const largest = tables.map(({ key, bytes }) => ({ name: quotedName(key), bytes: Number(bytes) }))[0];
  return diskChecks(
    disks.map(({ name, free, total }) => ({ name, free: Number(free), total: Number(total) })),
    largest,
  );
}

async function operationsOf(connection: Connection): Promise<Check[]> {
  const found: Check[] = [];
  for (const database of await databasesWithJournal(connection)) {
    for (const { operation, kind, keys } of await unfinishedOperations(connection, database)) {
      const message = `${kind} of ${quotedName(keys[0])} (${operation}) is unfinished`;
      found.push(check("operations", "warning", message, "`pulumi up` finishes it; or: clickhouse-schema operations"));
    }
  }
  return found.length > 0 ? found : [check("operations", "ok", "no unfinished operation")];
}
