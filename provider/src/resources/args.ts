import type * as pulumi from "@pulumi/pulumi";

/** A value, or an output of another resource. */
export type Input<T> = pulumi.Input<T>;

/** Anything with a name on the server: any resource of this package. */
export interface Named {
  /** Quoted, qualified name for use in SQL, e.g. `metrics.metrics_v1`. */
  readonly qualifiedName: pulumi.Output<string>;
}

/** A database resource. */
export interface NamedDatabase {
  /** Name on the server, unquoted. */
  readonly name: pulumi.Output<string>;
}

/** Arguments of every resource of this package. */
export interface CommonArgs {
  /**
   * What `pulumi destroy`, or removing the resource, may do with rows. `"refuse"`: an object that holds rows is not dropped.
   * `"drop"`: it is dropped with its rows. Default: `"refuse"`, unless `clickhouse:allowDrop` in the stack's config names it or is true.
   */
  deletion?: Input<"refuse" | "drop">;
  /**
   * What happens if the object exists on the server and is not in the state. `"equal"`: it is adopted if it matches the declaration,
   * otherwise refused with the difference. `"converge"`: it is adopted and changed to match; the preview shows the changes, with the same
   * checks and the same `allow` as for any change. Has no effect afterwards. Default: `"equal"`; `clickhouse:adopt` sets it for the
   * whole stack.
   */
  adopt?: Input<"equal" | "converge">;
  /**
   * Permits changes that lose data (`"drops-data"`), may count rows twice (`"doubles-rows"`), break readers of the object until they
   * change too (`"breaks-reader"`), keep the user of the deployment out (`"locks-out"`), or are untested (`"unproven"`, e.g. a rebuild of a
   * Replicated table). The preview shows what would be lost. Default: none; `clickhouse:allow` in the stack's config permits them for the whole stack.
   */
  allow?: Input<Input<Allowed>[]>;
  /**
   * Severity of lint rules for this resource, e.g. `{ "inner-table": "off" }`; docs/lint.md lists the rules. An error fails the
   * preview; a warning is shown on the resource's row. Default: each rule's own; `clickhouse:lint` sets them for the whole stack.
   */
  lint?: Input<Record<string, Input<"off" | "info" | "warning" | "error">>>;
  /**
   * The stack's cluster (`clickhouse:cluster`), by its name, or `false`: the object is only on the host that `clickhouse:url` reaches. A
   * change creates it where it is missing, and drops it nowhere. Not for users, roles and the like. Default: on all hosts, if the stack has a
   * cluster.
   */
  cluster?: Input<string | false>;
}

/** Changes that need the user's permission; see {@link CommonArgs.allow}. */
export type Allowed = "drops-data" | "doubles-rows" | "breaks-reader" | "locks-out" | "unproven";

/** Arguments of `Database`. */
export interface DatabaseArgs extends CommonArgs {
  /** Name on the server. Default: the resource's name. Changing it renames the database and updates what refers to it. */
  name?: Input<string>;
  /** Engine, e.g. `Atomic`. Default: the server's. A change of it is refused. */
  engine?: Input<string>;
  /** Free text. */
  comment?: Input<string>;
}

/** Arguments of `SqlFunction`. */
export interface SqlFunctionArgs extends CommonArgs {
  /**
   * Name on the server, which all databases share; case matters. Default: the resource's name. Changing it creates the new function and
   * drops the old one, which is refused while a row policy, another function or a dictionary calls the old one.
   */
  name?: Input<string>;
  /** Names of the parameters, unquoted. They have no types: each call is checked with its own. Default: none. */
  parameters?: Input<Input<string>[]>;
  /**
   * The expression over the parameters, e.g. `bytes / 1048576`; it may call other functions. A change is one statement. It changes the
   * tables and views of this stack that call the function: a view's query, a default, a key with all that costs.
   */
  expression: Input<string>;
}

/** Plain SQL instead of structured arguments. */
export interface SqlArgs extends CommonArgs {
  /** One CREATE statement with a qualified name; `OR REPLACE` and `ON CLUSTER` are refused. Its meaning is compared, not its spelling. */
  sql: Input<string>;
}
