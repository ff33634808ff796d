import * as pulumi from "@pulumi/pulumi";
import { kindOf } from "../kinds";
import { type Leaving, OWN_INPUTS } from "../pulumi/state";
import { qualifiedName, quoteIdentifier } from "../sql/identifiers";
import { parseHeader } from "../sql/parse";
import type { ObjectKind } from "../sql/spec";
import type { Named } from "./args";
import { tracesOfTheUser } from "./call-site";
import { dependencyUrns, promised } from "./dependencies";
import { foreknown, foretell } from "./foreknown";
import { isRollup, misplacedIn, replacingOptions } from "./misplaced";
import { programRun } from "./program-run";

/** A declaration, as a resource class makes it from its arguments. */
export interface Declaration {
  /** Undefined for a database. */
  readonly database?: pulumi.Input<string> | undefined;
  readonly name: pulumi.Input<string>;
  /** Arguments for the provider, or `{ sql }`. */
  readonly args: object;
  readonly deletion: pulumi.Input<string> | undefined;
  /** By name; in no statement, and never stored. */
  readonly secrets?: pulumi.Input<Record<string, pulumi.Input<string>>> | undefined;
}

/** Base of every resource of this package. */
export abstract class SchemaObject extends pulumi.dynamic.Resource implements Named {
  /** Name on the server, unquoted. */
  declare readonly name: pulumi.Output<string>;
  /** Quoted, qualified name for use in SQL. */
  declare readonly qualifiedName: pulumi.Output<string>;
  /** The CREATE statement in the engine's canonical form. */
  declare readonly statement: pulumi.Output<string>;
  /** On which hosts of the stack's cluster it is: `all`, or e.g. `3 of 4: missing on ch-2-1`. Undefined without a cluster. */
  declare readonly hosts: pulumi.Output<string | undefined>;

  /** @internal */
  constructor(kind: ObjectKind, resourceName: string, declared: Declaration, opts: pulumi.CustomResourceOptions) {
    const declaration = presentable(declared, opts);
    const type = `pulumi-nodejs:dynamic/clickhouse:${kindOf(kind).type}`;
    const { database, name, deletion, secrets } = declaration;
    const run = programRun();
    run?.declare(type, resourceName, opts, typeof name === "string" ? name : undefined);
    run?.declares({ kind, resourceName, database, name, args: declaration.args });
    // Every output costs a stack trace, a nested one many; most arguments are plain.
    const plain = isPlain(declaration.args);
    const args = plain ? undefined : pulumi.output(declaration.args);
    const dependencies = dependencyUrns(
      plain ? [database, name, secrets] : [declaration.args, database, name, secrets],
      opts,
    );
    const leaving = run === undefined ? Promise.resolve([]) : run.leavingBeside(type, resourceName, opts);
    const inputs = {
      ...(kindOf(kind).scope === "database" && { database }),
      name,
      // `check` sets its value; the key is here so that the resource has the property.
      qualifiedName: undefined,
      hosts: undefined,
      // One string: a secret or unknown argument, however deep, marks all of it.
      statement:
        args === undefined ? JSON.stringify(declaration.args) : args.apply((resolved) => JSON.stringify(resolved)),
      ...(deletion !== undefined && { deletion }),
      // Secret whatever was passed: the state marks what has the name of a secret input.
      ...(secrets !== undefined && {
        secrets: pulumi.secret(pulumi.output(secrets).apply((all) => JSON.stringify(all))),
      }),
      __request: requestOf(pulumi.createUrn(resourceName, type, opts.parent), dependencies, args, leaving),
    };
    const transformations = [constantProvider(type, kind), ...(opts.transformations ?? [])];
    const restore = tracesOfTheUser();
    try {
      // Two objects cannot share a name. `diff` says so too, but `--replace` does not call it.
      // What is ignored is still stored: the engine looks for differences after `check`, which sets these inputs.
      const ignoreChanges = [...(opts.ignoreChanges ?? []), ...OWN_INPUTS];
      const hideDiffs = [...(opts.hideDiffs ?? []), ...OWN_INPUTS];
      const options = { ...opts, deleteBeforeReplace: true, ignoreChanges, hideDiffs, transformations };
      super(STUB, resourceName, inputs, options, "clickhouse", kindOf(kind).type);
      run?.made(this);
      this.foretellNames(kind, foreknown(database), foreknown(name));
    } finally {
      restore();
    }
  }

  /** What readers of this object say, known before Pulumi has made it. */
  private foretellNames(kind: ObjectKind, database: unknown, name: unknown): void {
    if (typeof name !== "string") return;
    foretell(this.name, name);
    if (kindOf(kind).scope !== "database") foretell(this.qualifiedName, quoteIdentifier(name));
    else if (typeof database === "string") foretell(this.qualifiedName, qualifiedName({ database, name }));
  }
}

/** With what `check` is to refuse in place of arguments that cannot be sent. */
function presentable(declaration: Declaration, opts: pulumi.CustomResourceOptions): Declaration {
  const misplaced = [...misplacedIn(declaration.args), ...replacingOptions(opts)];
  const refused = misplaced.map(({ path, problem }) => `${path}: ${problem}`);
  return refused.length === 0 ? declaration : { ...declaration, args: { refused } };
}

/**
 * Further facts for the provider, which `check` removes again. A promise, not an output: the URN of a child depends on its parent, a
 * dependency on a component is one on all of its children, and so the resource would wait for itself forever.
 */
async function requestOf(
  urn: pulumi.Output<string>,
  dependencies: Promise<string[]>,
  args: pulumi.Output<unknown> | undefined,
  leaving: Promise<Leaving[]>,
) {
  const gone = await leaving;
  return {
    urn: await promised<string>(urn),
    dependencies: await dependencies,
    sensitive: args !== undefined && (await pulumi.isSecret(args)),
    ...(gone.length > 0 && { leaving: gone }),
  };
}

/** Never serialised into the state: {@link constantProvider} replaces its source code. */
const STUB: pulumi.dynamic.ResourceProvider = {
  create: () => Promise.reject(new Error("this text is replaced before it is stored")),
};

/** The code that the state stores: it requires this package, whose entry point is stable, instead of carrying code that goes stale. */
export function providerText(kind: ObjectKind): string {
  return `exports.handler=()=>require("pulumi-clickhouse-schema/provider").${kind}`;
}

function constantProvider(type: string, kind: ObjectKind): pulumi.ResourceTransformation {
  // Children inherit the transformations of their parent, whatever their type.
  return ({ type: of, props, opts }) =>
    of === type ? { props: { ...props, __provider: providerText(kind) }, opts } : undefined;
}

/** Whether the value survives `JSON.parse(JSON.stringify(value))`, so that nothing in it has to be awaited. */
function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain);
  if (typeof value !== "object" || value === null) return typeof value !== "function";
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isPlain);
}

/** The names in plain SQL; none if it cannot be parsed, and `check` says why. */
export function namesInSql(sql: pulumi.Input<string>): {
  database: pulumi.Output<string>;
  name: pulumi.Output<string>;
} {
  const header = pulumi.unsecret(pulumi.output(sql)).apply((text) => {
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

/** The name of a database that is given as a resource or a name. */
export function databaseName(
  database: pulumi.Input<string> | { readonly name: pulumi.Output<string> },
): pulumi.Input<string> {
  if (!isDatabase(database)) return database;
  if ("database" in database || !("qualifiedName" in database)) {
    const given = isRollup(database) ? "a Rollup" : "another resource";
    throw new pulumi.RunError(`database: ${given} was passed; pass the Database resource, or its name`);
  }
  return database.name;
}

function isDatabase(value: unknown): value is { readonly name: pulumi.Output<string> } {
  return typeof value === "object" && value !== null && pulumi.Resource.isInstance(value);
}
