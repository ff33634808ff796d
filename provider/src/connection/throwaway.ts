import { randomUUID } from "node:crypto";
import { listDatabases } from "../clickhouse/catalog";
import { SchemaError } from "../errors";
import { quoteIdentifier, unquoteIdentifier } from "../sql/identifiers";
import type { Connection, QueryParams } from "./connection";
import { ConnectionError } from "./errors";
import { openHttp } from "./http";
import { parseUrl, type Target, withoutSecrets } from "./url";

type HttpTarget = Extract<Target, { kind: "http" }>;

/** Stores the names of the databases that this package creates, so that the next run can remove what a killed one left. */
const OWN = "_pulumi_clickhouse_schema";
const LIST = `${OWN}.databases`;
const CREATES = /^\s*CREATE\s+DATABASE\s+(?:IF\s+NOT\s+EXISTS\s+)?(`(?:[^`\\]|\\.)+`|"(?:[^"\\]|\\.)+"|[\w$]+)/i;
/** Databases of every server. */
const SYSTEM = new Set(["system", "information_schema", "INFORMATION_SCHEMA", "default", OWN]);
/** May be left over in `default`, and is always this package's. */
const TRIAL = "default._canonical_secrets";

/**
 * Opens an empty server, for trying statements out as on the embedded engine: one session, in which a `SET` persists. What it creates is
 * removed when it is closed, or when the next one is opened. One run at a time.
 *
 * @param url of a server that user `default` may use without a password.
 * @throws {SchemaError} when it cannot be reached, or has a database or table that is not this package's; nothing is touched then.
 */
export async function openThrowaway(url: string): Promise<Connection> {
  const target = targetOf(url);
  const server = await openHttp(target, { url, session: randomUUID() }).catch((error: unknown) => {
    if (!(error instanceof ConnectionError)) throw error;
    throw new SchemaError("server-unreachable", `clickhouse:scratch: ${error.message}`, { cause: error });
  });
  try {
    await clear(server);
    await refuseUsed(server);
    await server.command(`CREATE DATABASE IF NOT EXISTS ${OWN}`);
    await server.command(`CREATE TABLE IF NOT EXISTS ${LIST} (name String) ENGINE = Log`);
    return new Throwaway(server);
  } catch (error) {
    await server.close();
    throw error;
  }
}

function targetOf(url: string): HttpTarget {
  const expected = "expected http(s)://HOST:PORT of a server that user `default` may use without a password";
  const shown = withoutSecrets(url);
  try {
    const target = parseUrl(url);
    if (target.kind === "http") return target;
  } catch (error) {
    // The original message names the config of the managed server, not of this one.
    if (!(error instanceof ConnectionError)) throw error;
  }
  throw new SchemaError("config-invalid", `clickhouse:scratch: ${expected}, found "${shown}"`);
}

/** Removes what an earlier run has created. */
async function clear(server: Connection): Promise<void> {
  const [found] = await server.query("SELECT 1 FROM system.databases WHERE name = {name:String}", { name: OWN });
  if (found === undefined) return;
  const rows = await server.query<{ name: string }>(`SELECT DISTINCT name FROM ${LIST}`);
  for (const { name } of rows) await server.command(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)} SYNC`);
  await server.command(`DROP TABLE IF EXISTS ${TRIAL} SYNC`);
  await server.command(`DROP DATABASE IF EXISTS ${OWN} SYNC`);
}

async function refuseUsed(server: Connection): Promise<void> {
  const databases = await listDatabases(server);
  const tables = await server.query<{ name: string }>(
    "SELECT concat('default.', name) AS name FROM system.tables WHERE database = 'default' ORDER BY name",
  );
  const found = [
    ...databases.map(({ name }) => name).filter((name) => !SYSTEM.has(name)),
    ...tables.map(({ name }) => name),
  ];
  if (found.length === 0) return;
  const list = found.length > 5 ? `${found.slice(0, 5).join(", ")} and ${found.length - 5} more` : found.join(", ");
  throw new SchemaError(
    "config-invalid",
    `clickhouse:scratch: ${server.url} holds ${list}, and declarations are only tried on a server that holds nothing. Nothing was touched. ` +
      "Name a server that was started for this, or leave `clickhouse:scratch` at embedded",
  );
}

class Throwaway implements Connection {
  readonly url: string;
  readonly version: string;
  readonly capabilities: Connection["capabilities"];
  private readonly server: Connection;
  private readonly made = new Set<string>();

  constructor(server: Connection) {
    this.server = server;
    this.url = server.url;
    this.version = server.version;
    this.capabilities = server.capabilities;
  }

  query<Row extends object>(sql: string, params?: QueryParams): Promise<Row[]> {
    return this.server.query(sql, params);
  }

  async command(sql: string, params?: QueryParams): Promise<void> {
    const written = CREATES.exec(sql)?.[1];
    const name = written === undefined ? undefined : unquoteIdentifier(written);
    if (name !== undefined && !SYSTEM.has(name) && !this.made.has(name)) {
      // Recorded before it exists, so that it is not left behind however this process ends.
      await this.server.insert(LIST, [{ name }]);
      this.made.add(name);
    }
    return this.server.command(sql, params);
  }

  insert(table: string, rows: readonly object[]): Promise<void> {
    return this.server.insert(table, rows);
  }

  async close(): Promise<void> {
    try {
      await clear(this.server);
    } finally {
      await this.server.close();
    }
  }
}
