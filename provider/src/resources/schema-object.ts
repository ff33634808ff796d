import * as pulumi from "@pulumi/pulumi";
import { qualifiedName, quoteIdentifier } from "../sql/identifiers";
import { parseHeader } from "../sql/parse";
import type { ObjectKind } from "../sql/spec";
import type { Named } from "./args";
import { dependencyUrns } from "./dependencies";

/** Type names within the module `clickhouse`; part of every URN, for ever. */
const TYPES: Record<ObjectKind, string> = {
  database: "Database",
  table: "Table",
  view: "View",
  materializedView: "MaterializedView",
};

/** What a resource class makes of its arguments. */
export interface Declaration {
  /** Undefined for a database. */
  readonly database?: pulumi.Input<string> | undefined;
  readonly name: pulumi.Input<string>;
  /** Arguments for the provider, or `{ sql }`. */
  readonly args: object;
  readonly deletion: pulumi.Input<string> | undefined;
}

/** Base of every resource of this package. */
export abstract class SchemaObject extends pulumi.dynamic.Resource implements Named {
  /** Name on the server, unquoted. */
  declare readonly name: pulumi.Output<string>;
  /** Quoted, qualified name for use in SQL. */
  declare readonly qualifiedName: pulumi.Output<string>;
  /** The CREATE statement in the engine's canonical form. */
  declare readonly statement: pulumi.Output<string>;

  /** @internal */
  constructor(kind: ObjectKind, resourceName: string, declaration: Declaration, opts: pulumi.CustomResourceOptions) {
    const type = `pulumi-nodejs:dynamic/clickhouse:${TYPES[kind]}`;
    const args = pulumi.output(declaration.args);
    const inputs = {
      ...(kind !== "database" && { database: declaration.database }),
      name: declaration.name,
      qualifiedName: qualified(declaration),
      // One text: a secret or unknown argument, however deep, marks the whole.
      statement: args.apply((resolved) => JSON.stringify(resolved)),
      deletion: declaration.deletion,
      __urn: pulumi.createUrn(resourceName, type, opts.parent),
      __dependencies: dependencyUrns(declaration.args, declaration.database, declaration.name, opts),
      __sensitive: pulumi.isSecret(args),
    };
    super(
      STUB,
      resourceName,
      inputs,
      { ...opts, transformations: [constantProvider(type, kind), ...(opts.transformations ?? [])] },
      "clickhouse",
      TYPES[kind],
    );
  }
}

/** Never serialised into the state: {@link constantProvider} replaces its text. */
const STUB: pulumi.dynamic.ResourceProvider = {
  create: () => Promise.reject(new Error("this text is replaced before it is stored")),
};

/** The text that the state keeps: it requires this package, whose entry stays, instead of carrying code that goes stale. */
export function providerText(kind: ObjectKind): string {
  return `exports.handler=()=>require("pulumi-clickhouse-schema/provider").${kind}`;
}

function constantProvider(type: string, kind: ObjectKind): pulumi.ResourceTransformation {
  // Children inherit the transformations of their parent, whatever their type.
  return ({ type: of, props, opts }) =>
    of === type ? { props: { ...props, __provider: providerText(kind) }, opts } : undefined;
}

function qualified({ database, name }: Declaration): pulumi.Output<string> {
  if (database === undefined) return pulumi.output(name).apply(quoteIdentifier);
  return pulumi.all([database, name]).apply(([inDatabase, of]) => qualifiedName({ database: inDatabase, name: of }));
}

/** The names that plain SQL gives; a text that cannot be read gives none, and `check` says why. */
export function namesInSql(sql: pulumi.Input<string>): {
  database: pulumi.Output<string>;
  name: pulumi.Output<string>;
} {
  const header = pulumi.output(sql).apply((text) => {
    try {
      return parseHeader(text);
    } catch {
      return { name: "" };
    }
  });
  return {
    database: header.apply((names) => ("database" in names ? (names.database ?? "") : "")),
    name: header.apply((names) => names.name),
  };
}

/** The plain name of a database given as its resource or its name. */
export function databaseName(
  database: pulumi.Input<string> | { readonly name: pulumi.Output<string> },
): pulumi.Input<string> {
  return isDatabase(database) ? database.name : database;
}

function isDatabase(value: unknown): value is { readonly name: pulumi.Output<string> } {
  return typeof value === "object" && value !== null && pulumi.Resource.isInstance(value);
}
