import * as pulumi from "@pulumi/pulumi";

/** The signals; each has a database of this name. */
export const signals = ["logs", "metrics", "traces", "profiles"] as const;
export type Signal = (typeof signals)[number];

/** What an environment may decide. Everything else is the same everywhere. */
export interface ObsflyConfig {
  /** `pulumi destroy` and removals are refused for every object. Default: false. */
  protect: boolean;
  /** Days a base row is kept when its writer names no plan (`RetentionDays`). Default: logs 14, others 30. */
  retentionDays: Record<Signal, number>;
  /** Days a rollup is kept at least. Default: 0, as long as the rows it was made from. */
  rollupRetentionDays: number;
  /** Days the usage by account is kept. Default: 1095. */
  usageRetentionDays: number;
  /**
   * Whether the map of who calls whom is refreshed by APPEND, which ClickHouse has since 24.9. Default: true. With false each refresh writes all
   * of the map's rows again.
   */
  appendDependencies: boolean;
  /**
   * Name of the cluster over which rows are spread by account. Default: none, one server. Tables then have Replicated engines, and a
   * Distributed table beside each, which writers insert into and read views read. `clickhouse:cluster` has to name the same one.
   */
  cluster?: string;
  /**
   * Who may do what. `none`: that is decided elsewhere. `users`: this stack declares a writer, a user for dashboards, and their limits. `deployer`: this
   * stack declares only the user that deploys the others. Default: `none`; the embedded engine keeps no users.
   */
  access: (typeof accesses)[number];
  /**
   * An account whose user `obsfly_tenant` reads its own log rows, and no others, by a row policy; with `access: users`. A whole number. Default: no
   * such user.
   */
  tenant?: number;
  /** Networks that these users log in from, e.g. `10.0.0.0/8`. Default: any. */
  networks?: string[];
}

export const accesses = ["none", "users", "deployer"] as const;

/** Where config comes from: `new pulumi.Config("obsfly")`, or a map in a test. */
export type ConfigSource = Pick<pulumi.Config, "get" | "getObject">;

const defaultRetentionDays: Record<Signal, number> = { logs: 14, metrics: 30, traces: 30, profiles: 30 };

/** The longest retention: fifty years. */
export const maximumDays = 18250;

/**
 * Reads the stack's config; every problem found is in the one error.
 *
 * @param place the cluster on which objects are created, which has to be the same one.
 */
export function loadConfig(source: ConfigSource, place?: string): ObsflyConfig {
  const problems: string[] = [];

  const days = (key: string, value: unknown, fallback: number): number => {
    if (value === undefined) return fallback;
    const parsed = typeof value === "number" ? value : Number(String(value).trim() || Number.NaN);
    if (Number.isInteger(parsed) && parsed >= 1 && parsed <= maximumDays) return parsed;
    problems.push(
      `obsfly:${key} is ${JSON.stringify(value)}; expected a whole number of days from 1 to ${maximumDays}. ` +
        `Set it with: pulumi config set --path 'obsfly:${key}' ${fallback || 395}`,
    );
    return fallback;
  };

  const protect = source.get("protect") ?? "false";
  if (protect !== "true" && protect !== "false") {
    problems.push(
      `obsfly:protect is ${JSON.stringify(protect)}; expected true or false. ` +
        "Set it with: pulumi config set obsfly:protect true",
    );
  }

  const append = source.get("appendDependencies") ?? "true";
  if (append !== "true" && append !== "false") {
    problems.push(
      `obsfly:appendDependencies is ${JSON.stringify(append)}; expected true or false. ` +
        "Set it with: pulumi config set obsfly:appendDependencies false",
    );
  }

  const access = accesses.find((one) => one === (source.get("access") ?? "none"));
  if (access === undefined) {
    problems.push(
      `obsfly:access is ${JSON.stringify(source.get("access"))}; expected one of ${accesses.join(", ")}. ` +
        "Set it with: pulumi config set obsfly:access users",
    );
  }
  const networks = source.getObject<string[]>("networks");
  if (networks !== undefined && !(Array.isArray(networks) && networks.every((one) => typeof one === "string"))) {
    problems.push(
      `obsfly:networks is ${JSON.stringify(networks)}; expected a list of networks. ` +
        "Set it with: pulumi config set --path 'obsfly:networks[0]' 10.0.0.0/8",
    );
  }

  const account = source.get("tenant");
  const tenant = account === undefined ? undefined : Number(account.trim() || Number.NaN);
  if (tenant !== undefined && (!Number.isSafeInteger(tenant) || tenant < 0)) {
    problems.push(
      `obsfly:tenant is ${JSON.stringify(account)}; expected an account, a whole number. Set it with: pulumi config set obsfly:tenant 7`,
    );
  }
  if (tenant !== undefined && access !== "users") {
    problems.push(
      `obsfly:tenant is set, and obsfly:access is ${JSON.stringify(access)}: its user is declared with the others only. ` +
        "Set it with: pulumi config set obsfly:access users",
    );
  }

  const cluster = source.get("cluster");
  if (cluster !== place) {
    const found = place === undefined ? "is not set" : `is ${JSON.stringify(place)}`;
    const means = cluster === undefined ? "tables would not be replicated" : "tables would be created on one host only";
    problems.push(
      `obsfly:cluster ${cluster === undefined ? "is not set" : `is ${JSON.stringify(cluster)}`}, and clickhouse:cluster ${found}: ${means}. ` +
        `Set both: pulumi config set obsfly:cluster ${cluster ?? place}; pulumi config set clickhouse:cluster ${cluster ?? place}`,
    );
  }

  let retention = source.getObject<Record<string, unknown>>("retentionDays") ?? {};
  if (typeof retention !== "object" || Array.isArray(retention)) {
    problems.push(
      `obsfly:retentionDays is ${JSON.stringify(retention)}; expected days by signal. ` +
        "Set them with: pulumi config set --path 'obsfly:retentionDays.logs' 14",
    );
    retention = {};
  }
  for (const key of Object.keys(retention)) {
    if (!(signals as readonly string[]).includes(key)) {
      problems.push(`obsfly:retentionDays.${key} names no signal; expected one of ${signals.join(", ")}. Remove it.`);
    }
  }

  const config: ObsflyConfig = {
    protect: protect === "true",
    retentionDays: { ...defaultRetentionDays },
    rollupRetentionDays: days("rollupRetentionDays", source.get("rollupRetentionDays"), 0),
    appendDependencies: append === "true",
    usageRetentionDays: days("usageRetentionDays", source.get("usageRetentionDays"), 1095),
    access: access ?? "none",
    ...(cluster !== undefined && { cluster }),
    ...(tenant !== undefined && { tenant }),
    ...(networks !== undefined && { networks }),
  };
  for (const signal of signals) {
    config.retentionDays[signal] = days(`retentionDays.${signal}`, retention[signal], defaultRetentionDays[signal]);
  }

  if (problems.length > 0) throw new pulumi.RunError(problems.join("\n"));
  return config;
}
