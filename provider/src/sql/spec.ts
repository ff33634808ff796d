/**
 * What a CREATE statement says, as frozen data. Every value that is SQL (a type, an expression, a query) stays text as the
 * engine wrote it; only the structure that a diff or a substitution needs is parsed.
 */

import type { GrantSpec } from "./access/grant";
import type { GrantsSpec } from "./access/grants";
import type { NamedCollectionSpec } from "./access/named-collection";
import type { QuotaSpec, RoleSpec, RowPolicySpec, SettingsProfileSpec, UserSpec } from "./access/spec";

/** Any managed object. */
export type ObjectSpec =
  | DatabaseSpec
  | SqlFunctionSpec
  | TableSpec
  | DictionarySpec
  | ViewSpec
  | MaterializedViewSpec
  | SettingsProfileSpec
  | RoleSpec
  | NamedCollectionSpec
  | GrantsSpec
  | GrantSpec
  | QuotaSpec
  | UserSpec
  | RowPolicySpec;

/** The object kinds this package manages. What each of them can do is in `kinds/`. */
export type ObjectKind = ObjectSpec["kind"];

/** The spec of one kind. */
export type SpecOf<Kind extends ObjectKind> = Extract<ObjectSpec, { readonly kind: Kind }>;

/** An object that belongs to a database. */
export type OwnedSpec = Extract<ObjectSpec, { readonly database: string }>;

/** `CREATE DATABASE`. */
export interface DatabaseSpec {
  readonly kind: "database";
  readonly name: string;
  /** Engine with its arguments, e.g. `Atomic`. Absent: the server's default. */
  readonly engine?: string;
  readonly settings?: readonly SettingSpec[];
  readonly comment?: string;
}

/** `CREATE FUNCTION` of an expression. It is in no database. */
export interface SqlFunctionSpec {
  readonly kind: "sqlFunction";
  readonly name: string;
  readonly parameters: readonly string[];
  readonly expression: string;
}

/** `CREATE TABLE`. */
export interface TableSpec {
  readonly kind: "table";
  readonly database: string;
  readonly name: string;
  readonly columns: readonly ColumnSpec[];
  readonly indexes: readonly IndexSpec[];
  readonly constraints: readonly ConstraintSpec[];
  readonly projections: readonly ProjectionSpec[];
  readonly storage: StorageSpec;
  readonly comment?: string;
  /**
   * What follows `AS`: a query (`SELECT …`), another table, a table function. `empty` is `EMPTY AS`, `clone` is `CLONE AS` (with the
   * other table's rows). The engine resolves queries and tables; canonical text keeps table functions (`AS numbers(10)`).
   */
  readonly as?: { readonly text: string; readonly empty: boolean; readonly clone?: boolean };
  /** `SAMPLES … TAGS … METRICS …` of a TimeSeries table, which the engine prints after the storage. */
  readonly targets?: string;
}

/** `CREATE DICTIONARY`. */
export interface DictionarySpec {
  readonly kind: "dictionary";
  readonly database: string;
  readonly name: string;
  /** Its columns, those of the key included. */
  readonly attributes: readonly AttributeSpec[];
  /** Without parentheses: `a, b`. */
  readonly primaryKey: string;
  /** Contents of `SOURCE(…)`. */
  readonly source: string;
  /** Contents of `LIFETIME(…)`, e.g. `MIN 0 MAX 300`. */
  readonly lifetime?: string;
  /** Contents of `LAYOUT(…)`, e.g. `HASHED()`. */
  readonly layout: string;
  /** Contents of `RANGE(…)`, e.g. `MIN start MAX end`. */
  readonly range?: string;
  readonly settings?: readonly SettingSpec[];
  readonly comment?: string;
}

/** One column of a dictionary. */
export interface AttributeSpec {
  readonly name: string;
  readonly type: string;
  readonly default?: string;
  readonly expression?: string;
  /** `HIERARCHICAL`, `INJECTIVE` and the like, sorted. */
  readonly flags: readonly string[];
}

/** `CREATE VIEW`. */
export interface ViewSpec {
  readonly kind: "view";
  readonly database: string;
  readonly name: string;
  /** Column list, if written (the engine adds it for materialized views, not for ordinary ones). */
  readonly columns: readonly ColumnSpec[];
  readonly security?: SecuritySpec;
  readonly comment?: string;
  readonly query: string;
}

/** `CREATE MATERIALIZED VIEW`: incremental or refreshable, with a target or an inner table. */
export interface MaterializedViewSpec {
  readonly kind: "materializedView";
  readonly database: string;
  readonly name: string;
  /** What follows `REFRESH`, up to `TO`, the columns or the storage, e.g. `EVERY 10 MINUTE APPEND`. */
  readonly refresh?: string;
  /** Target of `TO`. Absent: the rows are in an inner table laid out by `storage`. */
  readonly to?: QualifiedName;
  readonly columns: readonly ColumnSpec[];
  readonly indexes: readonly IndexSpec[];
  readonly constraints: readonly ConstraintSpec[];
  readonly projections: readonly ProjectionSpec[];
  /** Present only with an inner table. */
  readonly storage?: StorageSpec;
  /** `EMPTY`: a refreshable view that does not run on creation. Canonical text never has it. */
  readonly empty?: boolean;
  /** `POPULATE`, parsed only so that it can be refused with a reason. */
  readonly populate?: boolean;
  readonly security?: SecuritySpec;
  readonly comment?: string;
  readonly query: string;
}

export interface QualifiedName {
  readonly database: string;
  readonly name: string;
}

export interface ColumnSpec {
  readonly name: string;
  /** Type text, with `NULL`, `NOT NULL` or `COLLATE` if written. Absent if the engine infers it from the default expression. */
  readonly type?: string;
  readonly default?: {
    readonly kind: "DEFAULT" | "MATERIALIZED" | "ALIAS" | "EPHEMERAL";
    readonly expression?: string;
  };
  readonly comment?: string;
  /** Contents of `CODEC(…)`. */
  readonly codec?: string;
  /** Contents of `STATISTICS(…)`. */
  readonly statistics?: string;
  readonly ttl?: string;
  readonly primaryKey?: boolean;
  readonly settings?: readonly SettingSpec[];
}

export interface IndexSpec {
  readonly name: string;
  readonly expression: string;
  /** Type with its arguments, e.g. `bloom_filter(0.01)`. */
  readonly type: string;
  readonly granularity?: number;
}

export interface ConstraintSpec {
  readonly name: string;
  readonly kind: "CHECK" | "ASSUME";
  readonly expression: string;
}

export interface ProjectionSpec {
  readonly name: string;
  /** Everything after the name: `(SELECT …)`, or `INDEX … TYPE …`, with `WITH SETTINGS (…)` where present. */
  readonly body: string;
}

export interface StorageSpec {
  /** Engine with its arguments as written, e.g. `SummingMergeTree((a, b))`. Absent: the server's default engine. */
  readonly engine?: string;
  readonly partitionBy?: string;
  readonly primaryKey?: string;
  readonly orderBy?: string;
  readonly sampleBy?: string;
  readonly ttl?: string;
  readonly settings: readonly SettingSpec[];
}

/** One `name = value`; the value is SQL text (`1`, `'x'`). */
export interface SettingSpec {
  readonly name: string;
  readonly value: string;
}

export interface SecuritySpec {
  /** `DEFINER = …`: a user as SQL text, `CURRENT_USER`, or a plain name, which is quoted if necessary. */
  readonly definer?: string;
  /** `SQL SECURITY …`: `DEFINER`, `INVOKER` or `NONE`. */
  readonly sqlSecurity?: string;
}
