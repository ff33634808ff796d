import type { ConnectionOptions } from "../connection/connection";
import { type AllowDrop, parseAllowDrop } from "../declare/allow-drop";
import { ADOPTIONS, type Adoption, ALLOWABLE, parseAllow } from "../declare/options";
import { SchemaError } from "../errors";
import { didYouMean } from "../util/near";
import { parseAccess } from "./access";

/** The provider's configuration: stack config, or the inputs of an explicit provider. */
export interface ProviderConfig {
  /** Undefined when no URL is configured. */
  readonly connection: ConnectionOptions | undefined;
  readonly allowDrop: AllowDrop;
  /** What may happen to objects that already exist on the server. */
  readonly adopt: Adoption;
  /** Hazards that the whole stack allows. */
  readonly allow: readonly string[];
  /** Severity by lint rule for the whole stack; `off`: no rule runs. */
  readonly lint: Readonly<Record<string, string>> | "off";
  /** `embedded`: check declarations on an engine of our own; `off`: let the server decide. */
  readonly scratch: "embedded" | "off";
  /** URL of an empty server that checks declarations in place of the embedded engine. */
  readonly scratchServer?: string;
  /** Whether a preview fails if the server is unreachable; undefined: in CI, and if it refuses the login. */
  readonly unreachable: "fail" | "warn" | undefined;
  /** Cluster whose hosts all get every object; undefined: the server of the connection alone. */
  readonly cluster?: string;
  /** What happens while a host of the cluster does not answer. */
  readonly downHosts: "refuse" | "queue";
  /** Seconds to wait for all hosts of the cluster. */
  readonly ddlTimeout: number;
  /** HTTP addresses of the hosts of the cluster; empty if none are given. */
  readonly nodes: readonly string[];
}

/** Seconds after which it is looked up what the hosts of a cluster have done. */
const DDL_TIMEOUT = 60;

/** Config keys, without the namespace `clickhouse:`, and the environment variables that override them. */
export const CONFIG_KEYS = {
  url: "CLICKHOUSE_URL",
  username: "CLICKHOUSE_USER",
  password: "CLICKHOUSE_PASSWORD",
  requestTimeout: "CLICKHOUSE_REQUEST_TIMEOUT",
  allowDrop: "CLICKHOUSE_ALLOW_DROP",
  adopt: "CLICKHOUSE_ADOPT",
  allow: "CLICKHOUSE_ALLOW",
  lint: "CLICKHOUSE_LINT",
  scratch: "CLICKHOUSE_SCRATCH",
  unreachable: "CLICKHOUSE_UNREACHABLE",
  tls: "CLICKHOUSE_TLS",
  tlsCa: "CLICKHOUSE_TLS_CA",
  tlsCert: "CLICKHOUSE_TLS_CERT",
  tlsKey: "CLICKHOUSE_TLS_KEY",
  headers: "CLICKHOUSE_HEADERS",
  role: "CLICKHOUSE_ROLE",
  accessToken: "CLICKHOUSE_ACCESS_TOKEN",
  proxy: "CLICKHOUSE_PROXY",
  cluster: "CLICKHOUSE_CLUSTER",
  downHosts: "CLICKHOUSE_DOWN_HOSTS",
  ddlTimeout: "CLICKHOUSE_DDL_TIMEOUT",
  nodes: "CLICKHOUSE_NODES",
} as const;

/** Keys that environment variables do not override. */
export const OTHER_KEYS = ["environment"] as const;

/** Raw values: all strings. */
export type RawConfig = Readonly<Partial<Record<keyof typeof CONFIG_KEYS, string>>>;

/** Input of an explicit provider with its resource name. */
export const PROVIDER_NAME = "clickhouse:provider";

/** A key of the config. */
export type ConfigKey = keyof typeof CONFIG_KEYS;

/** Where values come from. */
export interface ConfigOrigin {
  /** Name of the explicit provider resource; undefined for the stack's config. */
  readonly provider: string | undefined;
  /** Keys whose value comes from the environment. */
  readonly fromEnvironment: readonly ConfigKey[];
  /** Those of them that have another value in the config, with that value. */
  readonly overridden: readonly { readonly key: ConfigKey; readonly set: string }[];
  /** The config says to ignore the environment. */
  readonly ignoresEnvironment?: boolean;
}

/** All values are from the stack's config. */
export const FROM_CONFIG: ConfigOrigin = { provider: undefined, fromEnvironment: [], overridden: [] };

/** The environment variable of a key; for an explicit provider, it contains the provider's name. */
export function variableOf(key: ConfigKey, provider: string | undefined): string {
  const prefix =
    provider === undefined ? "CLICKHOUSE_" : `CLICKHOUSE_${provider.toUpperCase().replace(/[^A-Z0-9]+/g, "_")}_`;
  return CONFIG_KEYS[key].replace("CLICKHOUSE_", prefix);
}

/**
 * Reads every key: the environment first, then the config. An explicit provider has separate variables, with its name in them
 * (`CLICKHOUSE_EU_PASSWORD`), otherwise one variable would send two servers' tables to the same server.
 */
export function readConfig(
  get: (key: string) => string | undefined,
  environment: NodeJS.ProcessEnv,
): { raw: RawConfig; origin: ConfigOrigin } {
  const provider = get(PROVIDER_NAME);
  const ignoresEnvironment = get("clickhouse:environment") === "ignore";
  const found = (Object.keys(CONFIG_KEYS) as ConfigKey[]).map((key) => {
    const given = ignoresEnvironment ? undefined : environment[variableOf(key, provider)];
    const set = get(`clickhouse:${key}`);
    return { key, given: given === "" ? undefined : given, set: set === "" ? undefined : set };
  });
  const fromEnvironment = found.filter(({ given }) => given !== undefined);
  return {
    raw: Object.fromEntries(found.flatMap(({ key, given, set }) => [[key, given ?? set]]).filter(([, value]) => value)),
    origin: {
      provider,
      fromEnvironment: fromEnvironment.map(({ key }) => key),
      overridden: fromEnvironment.flatMap(({ key, given, set }) =>
        set === undefined || set === given ? [] : [{ key, set }],
      ),
      ignoresEnvironment,
    },
  };
}

/** @throws {SchemaError} naming each value that cannot be used. */
export function parseConfig(raw: RawConfig): ProviderConfig {
  const problems: string[] = [];
  const scratch = raw.scratch ?? "embedded";
  const scratchServer = /^https?:\/\//.test(scratch) ? scratch : undefined;
  if (scratch !== "embedded" && scratch !== "off" && scratchServer === undefined) {
    problems.push(
      `clickhouse:scratch: expected "embedded", "off", or the URL of a server that holds nothing, found "${scratch}"`,
    );
  }
  if (scratchServer !== undefined && scratchServer === raw.url) {
    problems.push(
      "clickhouse:scratch: is the same as clickhouse:url, the server that is changed; name one that was started for this",
    );
  }
  const allowDrop = parseAllowDrop(raw.allowDrop);
  if ("wrong" in allowDrop) {
    problems.push(
      `clickhouse:allowDrop: expected true, false, or names such as shop.events, shop.*, separated by commas; found "${allowDrop.wrong}"`,
    );
  }
  const adopt = ADOPTIONS.find((one) => one === (raw.adopt ?? "equal"));
  if (adopt === undefined) problems.push(`clickhouse:adopt: expected "equal" or "converge", found "${raw.adopt}"`);
  if (raw.unreachable !== undefined && raw.unreachable !== "fail" && raw.unreachable !== "warn") {
    problems.push(`clickhouse:unreachable: expected "fail" or "warn", found "${raw.unreachable}"`);
  }
  const connection = connectionOf(raw, problems);
  const { allow, wrong } = parseAllow(listOf(raw.allow));
  for (const value of wrong) {
    problems.push(`clickhouse:allow: expected some of ${ALLOWABLE.join(", ")}, separated by commas; found "${value}"`);
  }
  const lint = raw.lint === "off" ? "off" : pairsOf(raw.lint, problems);
  const place = placeOf(raw, problems);
  if (problems.length > 0) throw new SchemaError("config-invalid", problems);
  return {
    connection: raw.url === undefined ? undefined : { ...connection, url: raw.url },
    allowDrop: "value" in allowDrop && allowDrop.value,
    adopt: adopt ?? "equal",
    allow,
    lint,
    scratch: scratch === "off" ? "off" : "embedded",
    ...(scratchServer !== undefined && { scratchServer }),
    unreachable: raw.unreachable === "fail" || raw.unreachable === "warn" ? raw.unreachable : undefined,
    ...place,
  };
}

/** What the config says of a cluster. */
export type PlaceConfig = Pick<ProviderConfig, "cluster" | "downHosts" | "ddlTimeout" | "nodes">;

/**
 * Parses only the keys of the cluster.
 *
 * @throws {SchemaError} as {@link parseConfig}.
 */
export function parsePlace(raw: RawConfig): PlaceConfig {
  const problems: string[] = [];
  const place = placeOf(raw, problems);
  if (problems.length > 0) throw new SchemaError("config-invalid", problems);
  return place;
}

function placeOf(raw: RawConfig, problems: string[]): PlaceConfig {
  const { cluster, downHosts = "refuse" } = raw;
  if (downHosts !== "refuse" && downHosts !== "queue") {
    problems.push(`clickhouse:downHosts: expected "refuse" or "queue", found "${downHosts}"`);
  }
  const ddlTimeout = raw.ddlTimeout === undefined ? DDL_TIMEOUT : Number(raw.ddlTimeout);
  if (!(ddlTimeout >= 1))
    problems.push(`clickhouse:ddlTimeout: expected seconds, 1 or more, found "${raw.ddlTimeout}"`);
  const nodes = listOf(raw.nodes);
  for (const url of nodes) {
    if (!/^https?:\/\/[^/]/.test(url))
      problems.push(
        `clickhouse:nodes: expected addresses such as https://ch-1-1:8443, separated by commas, found "${url}"`,
      );
  }
  for (const key of ["downHosts", "ddlTimeout", "nodes"] as const) {
    if (raw[key] !== undefined && cluster === undefined)
      problems.push(
        `clickhouse:${key}: is about a cluster, and none is configured; set clickhouse:cluster, or take it out`,
      );
  }
  return {
    ...(cluster !== undefined && { cluster }),
    downHosts: downHosts === "queue" ? "queue" : "refuse",
    ddlTimeout: Math.ceil(ddlTimeout),
    nodes,
  };
}

/**
 * Parses only the keys of the connection.
 *
 * @throws {SchemaError} as {@link parseConfig}.
 */
export function parseConnection(raw: RawConfig & { readonly url: string }): ConnectionOptions {
  const problems: string[] = [];
  const connection = connectionOf(raw, problems);
  if (problems.length > 0) throw new SchemaError("config-invalid", problems);
  return { ...connection, url: raw.url };
}

function connectionOf(raw: RawConfig, problems: string[]): Omit<ConnectionOptions, "url"> {
  const timeout = raw.requestTimeout === undefined ? undefined : Number(raw.requestTimeout);
  if (timeout !== undefined && !(timeout > 0)) {
    problems.push(`clickhouse:requestTimeout: expected seconds above 0, found "${raw.requestTimeout}"`);
  }
  return {
    ...(raw.username !== undefined && { username: raw.username }),
    ...(raw.password !== undefined && { password: raw.password }),
    ...(timeout !== undefined && { requestTimeout: timeout }),
    ...parseAccess(raw, problems),
  };
}

/** What is wrong with the names of keys in the stack's config. */
export function unknownKeys(config: Readonly<Record<string, unknown>>): string[] {
  const known: string[] = [...Object.keys(CONFIG_KEYS), ...OTHER_KEYS];
  const found = Object.keys(config).flatMap((key) => (key.startsWith("clickhouse:") ? [key.slice(11)] : []));
  const problems = found
    .filter((key) => !known.includes(key))
    .map((key) => `clickhouse:${key}: is not a key${SYNONYMS[key] ?? didYouMean(key, known)}`);
  const environment = config["clickhouse:environment"];
  if (environment !== undefined && environment !== "ignore" && environment !== "use") {
    problems.push(`clickhouse:environment: expected "use" or "ignore", found "${environment}"`);
  }
  return problems;
}

const BY_URL = ". Write it into clickhouse:url, e.g. https://HOST:8443";
/** Names that other tools use. */
const SYNONYMS: Readonly<Record<string, string>> = {
  user: ". Did you mean `username`?",
  host: BY_URL,
  port: BY_URL,
  secure: BY_URL,
  protocol: BY_URL,
  token: ". Did you mean `accessToken`?",
  jwt: ". Did you mean `accessToken`?",
  database: ". Names are qualified by their Database resources",
};

export const NO_URL =
  "No ClickHouse is configured. Set one with `pulumi config set clickhouse:url chdb://./data` (embedded) or " +
  "`pulumi config set clickhouse:url https://HOST:8443`, or CLICKHOUSE_URL in the environment.";

/** `a, b` or, as `pulumi config set --path` writes it, `["a","b"]`. */
function listOf(text = ""): string[] {
  const words = text.replace(/^\[|\]$/g, "").split(",");
  return words.map((word) => word.trim().replace(/^"|"$/g, "")).filter((word) => word !== "");
}

/** `rule=off,rule=warning` or, as `pulumi config set --path` writes it, `{"rule":"off"}`. */
function pairsOf(text: string | undefined, problems: string[]): Record<string, string> {
  const pairs = (text ?? "")
    .replace(/^\{|\}$/g, "")
    .split(",")
    .filter((pair) => pair.trim() !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [rule = "", severity] = pair.split(/[=:]/).map((word) => word.trim().replace(/^"|"$/g, ""));
      if (severity === undefined) problems.push(`clickhouse:lint: expected rule=severity, found "${pair.trim()}"`);
      return [rule, severity ?? ""];
    }),
  );
}
