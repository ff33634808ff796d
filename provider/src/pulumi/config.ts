import type { ConnectionOptions } from "../connection/connection";
import { ADOPTIONS, type Adoption, ALLOWABLE, parseAllow } from "../declare/options";
import { SchemaError } from "../errors";

/** What the provider is told: stack config, or the inputs of an explicit provider. */
export interface ProviderConfig {
  /** Undefined when no URL is configured. */
  readonly connection: ConnectionOptions | undefined;
  readonly allowDrop: boolean;
  /** What may happen to objects that stand on the server already. */
  readonly adopt: Adoption;
  /** Hazards that the whole stack allows. */
  readonly allow: readonly string[];
  /** Severity by lint rule for the whole stack; `off`: no rule is run. */
  readonly lint: Readonly<Record<string, string>> | "off";
  /** `embedded`: check declarations on an engine of our own; `off`: let the server decide. */
  readonly scratch: "embedded" | "off";
  /** URL of a server that holds nothing, which checks in place of the embedded engine. */
  readonly scratchServer?: string;
}

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
} as const;

/** Values as they come: all text. */
export type RawConfig = Readonly<Partial<Record<keyof typeof CONFIG_KEYS, string>>>;

/** Input of an explicit provider that holds its resource name. */
export const PROVIDER_NAME = "clickhouse:provider";

/**
 * Reads every key: the environment first, then the config. An explicit provider has variables of its own, with its name in them
 * (`CLICKHOUSE_EU_PASSWORD`), or one variable would send two servers' tables to the same one.
 */
export function readConfig(get: (key: string) => string | undefined, environment: NodeJS.ProcessEnv): RawConfig {
  const provider = get(PROVIDER_NAME);
  const prefix =
    provider === undefined ? "CLICKHOUSE_" : `CLICKHOUSE_${provider.toUpperCase().replace(/[^A-Z0-9]+/g, "_")}_`;
  const entries = Object.entries(CONFIG_KEYS).map(([key, variable]) => {
    return [key, environment[variable.replace("CLICKHOUSE_", prefix)] ?? get(`clickhouse:${key}`)];
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== ""));
}

/** @throws {SchemaError} naming each value that cannot be used. */
export function parseConfig(raw: RawConfig): ProviderConfig {
  const problems: string[] = [];
  const timeout = raw.requestTimeout === undefined ? undefined : Number(raw.requestTimeout);
  if (timeout !== undefined && !(timeout > 0)) {
    problems.push(`clickhouse:requestTimeout: expected seconds above 0, found "${raw.requestTimeout}"`);
  }
  const scratch = raw.scratch ?? "embedded";
  const scratchServer = /^https?:\/\//.test(scratch) ? scratch : undefined;
  if (scratch !== "embedded" && scratch !== "off" && scratchServer === undefined) {
    problems.push(
      `clickhouse:scratch: expected "embedded", "off", or the URL of a server that holds nothing, found "${scratch}"`,
    );
  }
  if (scratchServer !== undefined && scratchServer === raw.url) {
    problems.push(
      "clickhouse:scratch: is clickhouse:url, the server that is changed; name one that was started for this",
    );
  }
  if (raw.allowDrop !== undefined && !["true", "false", "1", "0"].includes(raw.allowDrop)) {
    problems.push(`clickhouse:allowDrop: expected true or false, found "${raw.allowDrop}"`);
  }
  const adopt = ADOPTIONS.find((one) => one === (raw.adopt ?? "equal"));
  if (adopt === undefined) problems.push(`clickhouse:adopt: expected "equal" or "converge", found "${raw.adopt}"`);
  const { allow, wrong } = parseAllow(listOf(raw.allow));
  for (const value of wrong) {
    problems.push(`clickhouse:allow: knows ${ALLOWABLE.join(", ")}, with a comma between them, found "${value}"`);
  }
  const lint = raw.lint === "off" ? "off" : pairsOf(raw.lint, problems);
  if (problems.length > 0) throw new SchemaError(problems);
  return {
    connection:
      raw.url === undefined
        ? undefined
        : {
            url: raw.url,
            ...(raw.username !== undefined && { username: raw.username }),
            ...(raw.password !== undefined && { password: raw.password }),
            ...(timeout !== undefined && { requestTimeout: timeout }),
          },
    allowDrop: raw.allowDrop === "true" || raw.allowDrop === "1",
    adopt: adopt ?? "equal",
    allow,
    lint,
    scratch: scratch === "off" ? "off" : "embedded",
    ...(scratchServer !== undefined && { scratchServer }),
  };
}

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
