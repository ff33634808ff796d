/** A setting in a role, a profile or a user: a value, bounds of it, or who may change it. Values are SQL literals. */
export interface LimitSpec {
  readonly name: string;
  readonly value?: string;
  readonly min?: string;
  readonly max?: string;
  /** Absent: whoever the settings apply to may change it, within its bounds. */
  readonly change?: "CONST" | "WRITABLE" | "CHANGEABLE_IN_READONLY";
}

/** Settings, and the profiles whose settings come before them. */
export interface Limits {
  /** In order: a later one wins. */
  readonly profiles: readonly string[];
  /** By name; each once. */
  readonly limits: readonly LimitSpec[];
}

/** Who something applies to: those named or, with `all`, everybody but those named. */
export interface ToSpec {
  readonly all: boolean;
  /** Users and roles, sorted. */
  readonly names: readonly string[];
}

/** `CREATE ROLE`. */
export interface RoleSpec extends Limits {
  readonly kind: "role";
  readonly name: string;
}

/** `CREATE SETTINGS PROFILE`. */
export interface SettingsProfileSpec extends Limits {
  readonly kind: "settingsProfile";
  readonly name: string;
  readonly appliesTo: ToSpec;
}

/** `CREATE QUOTA`. */
export interface QuotaSpec {
  readonly kind: "quota";
  readonly name: string;
  /** What is counted apart, as behind KEYED BY: `user_name`, `client_key, ip_address`. Empty: all together. */
  readonly keys: readonly string[];
  /** By duration; each once. */
  readonly intervals: readonly QuotaInterval[];
  readonly appliesTo: ToSpec;
}

/** Limits within an interval; none if it is only counted. */
export interface QuotaInterval {
  readonly seconds: number;
  readonly randomized: boolean;
  /** Name of what is counted → number, as text; sorted by name. */
  readonly max: Readonly<Record<string, string>>;
}

/** `CREATE USER`. */
export interface UserSpec extends Limits {
  readonly kind: "user";
  readonly name: string;
  /** How it logs in, each a way of its own. Absent: whatever there is stays. */
  readonly methods?: readonly MethodSpec[];
  /** From where: `LOCAL`, `IP '10.0.0.0/8'`, in the server's order; `ANY` alone for anywhere. */
  readonly hosts: readonly string[];
  readonly defaultDatabase?: string;
  /** To whom it may pass on rights; `all` is ANY. */
  readonly grantees: ToSpec;
}

/** A way to log in, without its secret. */
export interface MethodSpec {
  /** As the server shows it, e.g. `sha256_password`. */
  readonly method: string;
  /** What follows it and is no secret, e.g. `SERVER 'corp'`. */
  readonly args?: string;
  /** `2030-01-02 03:04:05`, in the server's time zone. */
  readonly validUntil?: string;
}

/** `CREATE ROW POLICY`. */
export interface RowPolicySpec {
  readonly kind: "rowPolicy";
  /** With what it is on: `tenants ON shop.orders`, `tenants ON shop.*`, quoted where needed. */
  readonly name: string;
  /** All of those that apply have to let a row through; of the others, one. */
  readonly restrictive: boolean;
  /** Which rows may be read. Absent: it filters nothing. */
  readonly using?: string;
  readonly appliesTo: ToSpec;
}

/** What a server keeps in its access storages, beside its databases. */
export type AccessSpec = SettingsProfileSpec | RoleSpec | QuotaSpec | UserSpec | RowPolicySpec;

export type AccessKind = AccessSpec["kind"];
