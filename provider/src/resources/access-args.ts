import type * as pulumi from "@pulumi/pulumi";
import type { CommonArgs, Input, Named } from "./args";

/** A resource of this package with a name in the server's access control. */
export interface NamedEntity {
  /** Name on the server, unquoted. */
  readonly name: pulumi.Output<string>;
}

/** Users, roles or profiles: their resources, which makes them dependencies, or their names. */
export type EntitiesArgs = Input<(Input<string> | NamedEntity)[]>;

/** Whom something applies to: nobody, `"all"`, or all with exceptions. The server's own users, e.g. of users.xml, are among all. */
export type ToArgs = EntitiesArgs | Input<"all"> | AllExceptArgs;

/** All users and roles but some. */
export interface AllExceptArgs {
  /** Those whom it does not apply to. */
  except: EntitiesArgs;
}

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

/** Arguments of `RowPolicy`. */
export interface RowPolicyArgs extends CommonArgs {
  /** Name on the server, unique on its table. Default: the resource's name. Changing it renames the policy: one statement. */
  name?: Input<string>;
  /**
   * What it filters: a table or view (its resource, or `"shop.orders"`), or all tables of a database (a `Database`, or `"shop.*"`). Filters are
   * bound to names: copies of the table, and views and materialized views of it, have none. Another table is a new policy there, and only
   * then is the old one dropped; a table that is renamed by its resource takes its policies along.
   */
  on: Input<string> | Named;
  /**
   * A condition on the rows that may be read, e.g. `"tenant = currentUser()"`; `"1"` for all. Checked at preview against the table as this program
   * declares it, with the tables, functions and dictionaries that it reads. A change is one statement and counts for the next query.
   */
  using: Input<string>;
  /**
   * Whether it only takes rows away: all restrictive policies of a user have to let a row through, and one of the others, if there are
   * any. Default: false.
   */
  restrictive?: Input<boolean>;
  /**
   * Users and roles that it applies to. Default: nobody. Those whom no policy of the table applies to see all of its rows, or none, where the
   * server's configuration says `users_without_row_policies_can_read_rows` = false.
   */
  to?: ToArgs;
}

/** A way to log in: exactly one of the ways, and until when. */
export type AuthArgs = { [Way in keyof AuthWays]: Pick<AuthWays, Way> & AuthMore<Way> }[keyof AuthWays];

/** What goes with a way to log in. */
export type AuthMore<Way extends keyof AuthWays> = {
  /** When this way ends, as ClickHouse reads a time; none: never. */
  validUntil?: Input<string>;
} & (Way extends "password"
  ? {
      /** Default: `"sha256"`. */
      method?: Input<"sha256" | "doubleSha1">;
    }
  : Way extends "sha256Hash"
    ? {
        /** With which the hash was made; none if it has none. */
        salt?: Input<string>;
      }
    : unknown);

/** The ways to log in. */
export interface AuthWays {
  /**
   * A password, hashed when it is sent: with SHA-256 and a new salt, or with `method: "doubleSha1"`, which MySQL clients need and which has no salt.
   * Pass it as a Pulumi secret. Rules that the server has for passwords (`password_complexity`) are not applied, because it only gets the hash.
   */
  password: Input<string>;
  /** SHA-256 of the password followed by `salt`, 64 hexadecimal digits. */
  sha256Hash: Input<string>;
  /** SHA-1 of the SHA-1 of the password, 40 hexadecimal digits. */
  doubleSha1Hash: Input<string>;
  /** As bcrypt writes it: `$2a$12$…`. The server must be built with bcrypt. */
  bcryptHash: Input<string>;
  /** Name of an LDAP server in the server's configuration. */
  ldap: Input<string>;
  /** Kerberos, of one realm or any. */
  kerberos: Input<{
    /** Default: any. */
    realm?: Input<string>;
  }>;
  /** A client certificate with one of these common or alternative names. */
  certificate: Input<{
    /** Common names. */
    cn?: Input<Input<string>[]>;
    /** Alternative names, as `DNS:…` or `URI:…`. */
    san?: Input<Input<string>[]>;
  }>;
  /** Name of an HTTP authentication server in the server's configuration. */
  http: Input<{
    /** Its name. */
    server: Input<string>;
  }>;
  /** Without a password. No other way goes with it. */
  none: Input<true>;
}

/** From where a user may log in; `{}`: from nowhere. */
export interface HostsArgs {
  /** Addresses and networks, e.g. `"10.0.0.0/8"`. `127.0.0.1` and `::1` are the machine itself, `0.0.0.0/0` is anywhere. */
  ip?: Input<Input<string>[]>;
  /** Host names. */
  names?: Input<Input<string>[]>;
  /** Patterns of host names with `%` and `_`. With `regexp`, only on 26.7 and later: older servers lose one of them, so it is refused. */
  like?: Input<Input<string>[]>;
  /** Regular expressions of host names. */
  regexp?: Input<Input<string>[]>;
}

/** Arguments of `User`. */
export interface UserArgs extends CommonArgs {
  /** Name on the server. Default: the resource's name. Changing it renames the user: clients log in under the new name, its rights stay. */
  name?: Input<string>;
  /**
   * How the user logs in, in one way or several (several need ClickHouse 24.9). `"unmanaged"`: as it does now, for users that others have created.
   * A change, also of a password alone, is one statement that replaces all ways; open sessions stay open. The server never shows a password or a
   * hash, so that a password changed manually is not seen.
   */
  auth: AuthArgs | AuthArgs[] | Input<"unmanaged">;
  /** From where it may log in. Default: `"any"`. */
  hosts?: Input<"any"> | HostsArgs;
  /** Database for queries that name none. It need not exist. Default: the server's. */
  defaultDatabase?: Input<string>;
  /** Settings profiles whose settings hold for it. A later one wins. Default: none but the server's default profile. */
  profiles?: EntitiesArgs;
  /** Settings for it; they win over those of `profiles`. Default: none. A change is one statement, and counts for new sessions. */
  settings?: LimitsArgs;
  /** Users and roles to whom it may pass on rights that it has with grant option. Default: anybody. */
  grantees?: EntitiesArgs;
}
