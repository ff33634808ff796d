import type * as pulumi from "@pulumi/pulumi";
import type { CommonArgs, Input } from "./args";

/** A resource of this package with a name in the server's access control. */
export interface NamedEntity {
  /** Name on the server, unquoted. */
  readonly name: pulumi.Output<string>;
}

/** Users, roles or profiles: their resources, which makes them dependencies, or their names. */
export type EntitiesArgs = Input<(Input<string> | NamedEntity)[]>;

/** Whom something applies to: nobody, `"all"`, or all with exceptions. The server's own users, e.g. of users.xml, are among all. */
export type ToArgs = EntitiesArgs | Input<"all"> | { except: EntitiesArgs };

/** A setting with bounds. At least one of them. */
export interface LimitArgs {
  /** The value unless a query or a later profile sets another. Default: what applies otherwise. */
  value?: Input<string | number | boolean>;
  /** Least value that may be set. Default: none. */
  min?: Input<string | number>;
  /** Greatest value that may be set, e.g. `"20G"`. Default: none. */
  max?: Input<string | number>;
  /**
   * Who may change it: nobody (`"never"`), also those who are read-only (`"even-readonly"`), or everybody who may change settings
   * (`"always"`), whatever other profiles say. Default: everybody who may change settings, unless another profile says otherwise.
   */
  change?: Input<"never" | "even-readonly" | "always">;
}

/**
 * Settings by name: a value (`"10G"`, `true`), or a value with bounds. A value alone is only a default. A name or a value that the engine does
 * not know fails the preview.
 */
export type LimitsArgs = Input<Record<string, Input<string | number | boolean> | Input<LimitArgs>>>;

/** Arguments of `Role`. */
export interface RoleArgs extends CommonArgs {
  /** Name on the server. Default: the resource's name. Changing it renames the role, which keeps its rights and its members. */
  name?: Input<string>;
  /** Settings profiles whose settings those who have the role get. A later one wins. Default: none. */
  profiles?: EntitiesArgs;
  /** Settings for those who have the role; they win over those of `profiles`. Default: none. A change is one statement. */
  settings?: LimitsArgs;
}

/** Arguments of `SettingsProfile`. */
export interface SettingsProfileArgs extends CommonArgs {
  /** Name on the server. Default: the resource's name. Changing it renames the profile; what inherits it continues to. */
  name?: Input<string>;
  /** Profiles whose settings come first. A later one wins. Default: none. A circle is refused. */
  inherits?: EntitiesArgs;
  /** The settings; they win over those of `inherits`. Default: none. A change is one statement, and counts for new sessions. */
  settings?: LimitsArgs;
  /**
   * Users and roles that it applies to, besides those that name it in `profiles`. Default: nobody. If it makes the user of the deployment
   * read-only, it needs `allow: ["locks-out"]`.
   */
  to?: ToArgs;
}

/** Limits of a quota within an interval; `{}` only counts. */
export interface QuotaLimitsArgs {
  /** Queries. */
  queries?: Input<number>;
  /** SELECT queries. */
  querySelects?: Input<number>;
  /** INSERT queries. */
  queryInserts?: Input<number>;
  /** Queries that fail. */
  errors?: Input<number>;
  /** Rows in results. */
  resultRows?: Input<number>;
  /** Bytes of results. */
  resultBytes?: Input<number>;
  /** Rows read from tables, on all servers of a query. */
  readRows?: Input<number>;
  /** Bytes read from tables. */
  readBytes?: Input<number>;
  /** Bytes written by INSERT. */
  writtenBytes?: Input<number>;
  /** Time that queries take, in seconds; may be a fraction. */
  executionTime?: Input<number>;
  /** Failed logins, one after the other. */
  failedSequentialAuthentications?: Input<number>;
  /** The interval begins at a random moment, so that not all begin at once. Default: false. */
  randomized?: Input<boolean>;
}

/** Arguments of `Quota`. */
export interface QuotaArgs extends CommonArgs {
  /** Name on the server. Default: the resource's name. Changing it renames the quota. */
  name?: Input<string>;
  /**
   * What is counted apart: each user, each address, each `quota_key` of a client, or that key and where there is none the user or address.
   * Default: everybody together. Each replica counts for itself.
   */
  keyedBy?: Input<"user" | "ip" | "forwardedIp" | "clientKey" | "clientKeyOrUser" | "clientKeyOrIp">;
  /**
   * Limits by interval, e.g. `{ "1 hour": { queries: 1000 }, "1 day": {} }`; units are second, minute, hour, day, week, month, quarter and
   * year. A change is one statement; what was counted in a changed interval starts again at zero. Counters do not survive a restart.
   */
  limits?: Input<Record<string, Input<QuotaLimitsArgs>>>;
  /** Users and roles that it applies to. Default: nobody. If the user of the deployment is among them, it needs `allow: ["locks-out"]`. */
  to?: ToArgs;
}
