import { type Command, InvalidArgumentError } from "commander";
import { openCluster } from "../cluster/open";
import { CONFIG_KEYS, parseConnection, parsePlace, type RawConfig, readConfig } from "../config/config";
import type { Connection } from "../connection/connection";
import { openConnection } from "../connection/open";
import { SchemaError } from "../errors";
import { stackConfig } from "./stack";

/** Options that tell a command where the server is. */
export interface ConnectOptions {
  readonly url?: string;
  readonly user?: string;
  /** Stack whose config names the server. */
  readonly stack?: string;
  /** Folder of the Pulumi project. Default: the current one. */
  readonly cwd?: string;
  /** Timeout of one statement, in seconds. */
  readonly timeout?: number;
}

/**
 * Adds the options that say where the server is. The password comes only from the environment or the stack's config, so that it is in
 * no shell history.
 */
export function withConnection(command: Command): Command {
  return command
    .option("--url <url>", "chdb://PATH or http(s)://HOST:PORT (default: CLICKHOUSE_URL)")
    .option("--user <name>", "user name (default: CLICKHOUSE_USER); the password comes from CLICKHOUSE_PASSWORD")
    .option("--stack <name>", "take missing options from the config of this Pulumi stack, including secrets")
    .option("--cwd <folder>", "with --stack: the folder of the Pulumi project (default: this one)")
    .option(
      "--timeout <seconds>",
      "longest wait for one statement (default: CLICKHOUSE_REQUEST_TIMEOUT, or 300)",
      readTimeout,
    );
}

/**
 * Opens the connection that the options, the environment and the stack's config name, in this order.
 *
 * @throws {SchemaError} when they name none.
 */
export async function connect(options: ConnectOptions, environment = process.env): Promise<Connection> {
  return (await connectAndPlace(options, environment)).connection;
}

/**
 * Opens the connection that the options, the environment and the stack's config name, in this order, for what works on one server.
 *
 * @throws {SchemaError} when they name none, or a cluster.
 */
export async function connectAlone(options: ConnectOptions, what: string): Promise<Connection> {
  const { cluster, connection } = await connectAndPlace(options);
  if (cluster === undefined) return connection;
  await connection.close();
  throw new SchemaError(
    "cluster-unsupported",
    `${what}: works on one server, and was not tried on a cluster (${cluster}); nothing was done. On a cluster whose shards have one replica each, run it on ` +
      "each of them: --url with its address, and neither --stack nor CLICKHOUSE_CLUSTER",
  );
}

/** Opens the server, and tells the cluster that the environment or the stack's config names. @throws {SchemaError} when no server is named. */
export async function connectAndPlace(
  options: ConnectOptions,
  environment = process.env,
): Promise<{ readonly connection: Connection; readonly cluster: string | undefined }> {
  const settings = await settingsOf(options, environment);
  const connection = await openConnection({ ...parseConnection(settings), create: false });
  return { connection, cluster: settings.cluster };
}

/** Options that tell a command that its server is a host of a cluster. */
export interface PlaceOptions extends ConnectOptions {
  readonly cluster?: string;
  /** Addresses of its hosts, separated by commas. */
  readonly nodes?: string;
}

/** Adds the options that say which cluster the server is in. */
export function withCluster(command: Command): Command {
  return withConnection(command)
    .option("--cluster <name>", "on all hosts of this cluster (default: CLICKHOUSE_CLUSTER, or that of --stack)")
    .option("--nodes <urls>", "HTTP addresses of its hosts, separated by commas (default: CLICKHOUSE_NODES)");
}

/**
 * Opens the server or, if the options, the environment or the stack's config name one, all hosts of its cluster.
 *
 * @throws {SchemaError} as {@link connectAndPlace}, or when the cluster cannot be used.
 */
export async function connectPlaced(options: PlaceOptions, environment = process.env): Promise<Connection> {
  const { cluster, nodes } = options;
  const given = { ...(cluster !== undefined && { cluster }), ...(nodes !== undefined && { nodes }) };
  const settings = { ...(await settingsOf(options, environment)), ...given };
  const login = parseConnection(settings);
  const place = parsePlace(settings);
  const connection = await openConnection({ ...login, create: false });
  if (place.cluster === undefined) return connection;
  const { downHosts, ddlTimeout, nodes: urls } = place;
  try {
    return await openCluster(connection, place.cluster, { addresses: { login, urls }, downHosts, ddlTimeout });
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function settingsOf(
  options: ConnectOptions,
  environment: NodeJS.ProcessEnv,
): Promise<RawConfig & { readonly url: string }> {
  const { url, user, timeout } = options;
  const given = {
    ...(url !== undefined && { url }),
    ...(user !== undefined && { username: user }),
    ...(timeout !== undefined && { requestTimeout: String(timeout) }),
  };
  const config: Readonly<Record<string, string>> = options.stack === undefined ? {} : await stackConfig(options);
  const { raw, origin } = readConfig((key) => config[key], environment);
  for (const { key } of origin.overridden) {
    if (key in given) continue;
    process.stderr.write(
      `${CONFIG_KEYS[key]} in the environment overrides clickhouse:${key} of stack ${options.stack}.\n`,
    );
  }
  const found = { ...withoutForeignLogin(raw, options, environment), ...given };
  if (found.url === undefined)
    throw new SchemaError("url-missing", options.stack === undefined ? NO_SERVER : noUrl(options.stack));
  return { ...found, url: found.url };
}

/** Another user's password does not apply to this one, nor does a token that names somebody else. */
function withoutForeignLogin(
  raw: RawConfig,
  { stack, user }: ConnectOptions,
  environment: NodeJS.ProcessEnv,
): RawConfig {
  if (stack === undefined || user === undefined || user === raw.username) return raw;
  const { password: _, accessToken: _token, ...rest } = raw;
  const password = environment[CONFIG_KEYS.password];
  return password ? { ...rest, password } : rest;
}

/** Whether a server is named at all. */
export function namesServer({ url, stack }: ConnectOptions, environment: NodeJS.ProcessEnv): boolean {
  return Boolean(url ?? stack ?? environment["CLICKHOUSE_URL"]);
}

const NO_SERVER = "No server: give --url chdb://PATH, --url https://HOST:8443 or --stack NAME, or set CLICKHOUSE_URL.";

function noUrl(stack: string): string {
  return `--stack ${stack}: its config has no clickhouse:url. Give --url, or set it: pulumi config set clickhouse:url https://HOST:8443 --stack ${stack}`;
}

function readTimeout(text: string): number {
  const seconds = Number(text);
  if (text !== "" && seconds > 0 && seconds <= MOST_SECONDS) return seconds;
  throw new InvalidArgumentError(`expected seconds above 0, at most ${MOST_SECONDS}; found "${text}".`);
}

/** Longest time that a Node timer can wait. */
const MOST_SECONDS = Math.floor((2 ** 31 - 1) / 1000);
