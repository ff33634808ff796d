import { parseMergeTree } from "../sql/engine";
import { qualifiedName, quoteIdentifier, quoteString } from "../sql/identifiers";
import type { DatabaseSpec, TableSpec } from "../sql/spec";

/** What a server offers for objects that need Keeper. */
export interface Replication {
  /** ZooKeeper or ClickHouse Keeper is configured. */
  readonly keeper: boolean;
  /** Names of the macros in its configuration. */
  readonly macros: readonly string[];
  /** `default_replica_path` and `default_replica_name`. */
  readonly path: string;
  readonly replica: string;
  /** `database_replicated_allow_replicated_engine_arguments` of this user. */
  readonly takesArguments: boolean;
  /** The table is created on all hosts of a cluster with one UUID. */
  readonly onCluster?: boolean;
  /** The stack has a cluster, and the table is not for it. */
  readonly apart?: boolean;
}

/** A place in Keeper, with macros or without. */
export interface KeeperPlace {
  /** Of the table. */
  readonly path: string;
  readonly replica: string;
}

/** A replica in Keeper, where a new table would be registered as well; its macros are expanded. */
export interface TakenReplica extends KeeperPlace {
  /** Quoted name of the table that it belongs to; undefined if no host has one. */
  readonly holder?: string;
  /** Whether a table of the new one's name was dropped lately, and still has its place. */
  readonly isDropped: boolean;
}

/** Macros that the server itself defines for every table. */
const OWN: ReadonlySet<string> = new Set(["database", "table", "uuid", "server_uuid"]);
/** And for every table in a Replicated database, from that database's arguments. */
const OF_DATABASE: ReadonlySet<string> = new Set(["shard", "replica"]);

/**
 * Why this server cannot create a Replicated table, with a next step; undefined if it can, or nothing is known against it. Measured on
 * 25.8 and 26.7 (codes 36, 139, 225).
 *
 * @param database engine of the table's database.
 */
export function refuseReplicatedTable(table: TableSpec, database: string, server: Replication): string | undefined {
  const engine = parseMergeTree(table.storage.engine);
  if (engine?.prefix !== "Replicated" || /^Shared\b/.test(database)) return undefined;
  const name = qualifiedName(table);
  const { path = server.path, replica = server.replica } = engine.keeper ?? {};
  if (!server.keeper && !isAuxiliary(path)) return `${name}: ${noKeeper(`Replicated${engine.family}`)}`;
  const inReplicated = /^Replicated\b/.test(database);
  const isDefault = path === server.path && replica === server.replica;
  if (inReplicated && !isDefault && !server.takesArguments) {
    return (
      `${name}: a table in a Replicated database takes no path and replica name of its own; found '${path}', '${replica}'. ` +
      `Leave them out: ${clause(engine.family, engine.args)}`
    );
  }
  if (!inReplicated && !server.onCluster && `${path}${replica}`.includes("{uuid}")) {
    const from = engine.keeper === undefined ? `, which the server uses by default (default_replica_path)` : "";
    const wanted = ["'/clickhouse/tables/{shard}/{database}/{table}'", `'${server.replica}'`, ...engine.args];
    const cluster = server.apart === true ? "Leave cluster: false out" : "Set clickhouse:cluster";
    return (
      `${name}: {uuid} in a replicated table's path needs a Replicated database; found '${path}'${from}, in a database of engine ` +
      `${/^\w+/.exec(database)?.[0]}. ${cluster}, or write the path: ${clause(engine.family, wanted)}; or give the database the engine ` +
      `Replicated('/clickhouse/databases/${table.database}', '{shard}', '{replica}')`
    );
  }
  const known = new Set([...OWN, ...(inReplicated ? OF_DATABASE : []), ...server.macros]);
  const missing = macrosIn(`${path}/${replica}`).find((macro) => !known.has(macro));
  return missing === undefined ? undefined : `${name}: ${noMacro(missing, server, [path, replica])}`;
}

/** Where a table asks to be in Keeper; undefined if its UUID makes that a place of its own, or its server draws one. */
export function keeperPlace({ storage }: TableSpec, server: Replication): KeeperPlace | undefined {
  const engine = parseMergeTree(storage.engine);
  if (engine?.prefix !== "Replicated") return undefined;
  const place = engine.keeper ?? { path: server.path, replica: server.replica };
  return `${place.path}${place.replica}`.includes("{uuid}") ? undefined : place;
}

/** Why a table cannot be created where another one is in Keeper, with the next step (code 253). Measured on 24.8 and 25.8. */
export function refuseTaken(table: TableSpec, { holder, isDropped, path, replica }: TakenReplica): string {
  const name = qualifiedName(table);
  const found = `${name}: its place in Keeper is taken: '${path}' has a replica '${replica}'`;
  if (holder !== undefined) {
    const { args = [], family = "MergeTree" } = parseMergeTree(table.storage.engine) ?? {};
    const other = [`'/clickhouse/tables/{shard}/${table.database}/${table.name}_2'`, "'{replica}'", ...args];
    return (
      `${found}, of ${holder}; a table that is renamed keeps its path. Write another path: ${clause(family, other)}; or, with clickhouse:cluster or in a ` +
      "Replicated database, none: each table has a path of its own then"
    );
  }
  if (isDropped) {
    return (
      `${found}, of the table of this name that was dropped a moment ago. Get it back with UNDROP TABLE ${name}; or wait until the server removes it ` +
      "(database_atomic_delay_before_drop_table_sec, 8 minutes by default), and run again"
    );
  }
  return (
    `${found}, and no table that the hosts have belongs to it. If it is not one of another cluster, remove what is left of it: ` +
    `SYSTEM DROP REPLICA ${quoteString(replica)} FROM ZKPATH ${quoteString(path)}`
  );
}

/** The same for a database. */
export function refuseReplicatedDatabase({ name, engine }: DatabaseSpec, server: Replication): string | undefined {
  if (engine === undefined || !/^Replicated\b/.test(engine)) return undefined;
  const label = `database ${quoteIdentifier(name)}`;
  const wanted = `Replicated('/clickhouse/databases/${name}', '{shard}', '{replica}')`;
  if (/^Replicated\s*(?:\(\s*\))?$/.test(engine))
    return `${label}: engine Replicated needs a path in Keeper: ${wanted}`;
  if (!server.keeper && !isAuxiliary(engine)) return `${label}: ${noKeeper("Replicated")}`;
  const known = new Set([...OWN, ...server.macros]);
  // Omitted arguments default to '{shard}', '{replica}'.
  const written = /,/.test(engine) ? engine : `${engine} {shard} {replica}`;
  const missing = macrosIn(written).find((macro) => !known.has(macro));
  return missing === undefined ? undefined : `${label}: ${noMacro(missing, server, [engine])}`;
}

function noKeeper(engine: string): string {
  return (
    `engine ${engine} needs ZooKeeper or ClickHouse Keeper, and the server's configuration names none (<zookeeper>). ` +
    "Configure it, or declare an engine that keeps its rows on one server"
  );
}

function noMacro(macro: string, { macros }: Replication, texts: readonly string[]): string {
  const found = macros.length === 0 ? "none" : macros.map((one) => `{${one}}`).join(", ");
  return `the server has no macro {${macro}}, found in '${texts.join("', '")}'; it has ${found}. Add it to <macros> in its configuration, or write a value`;
}

/** `'name:/path'`: another Keeper, about which nothing is known here. */
function isAuxiliary(text: string): boolean {
  return /(?:^|')[\w-]+:\//.test(text);
}

function macrosIn(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].flatMap(([, name]) => name ?? []);
}

function clause(family: string, args: readonly string[]): string {
  return `engine: "Replicated${family}${args.length === 0 ? "" : `(${args.join(", ")})`}"`;
}
