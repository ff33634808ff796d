import { digest } from "../canonical/fingerprint";
import { isUnknown } from "../declare/unknown";
import type { Properties } from "../util/properties";

/** What the program sends; `check` turns it into {@link Inputs}. Any value may be unknown at preview. */
export interface Request {
  readonly database: string | undefined;
  readonly name: string;
  /** JSON of the arguments, or of `{ sql }`. One string, so that one secret or unknown argument marks all of it. */
  readonly statement: string;
  readonly deletion: string | undefined;
  /** JSON: a map from name to secret, for kinds that keep secrets out of their statement. */
  readonly secrets: string | undefined;
  readonly urn: string | undefined;
  /** URNs of the resources it depends on directly. */
  readonly dependencies: readonly string[];
  /** Some argument is secret, so no part of the statement may be printed. */
  readonly sensitive: boolean;
  /** For a new resource: those of its type that leave the program. */
  readonly leaving: readonly Leaving[];
}

/** An object in the state whose resource the program no longer declares. */
export interface Leaving {
  readonly urn: string;
  readonly database?: string;
  readonly name: string;
  readonly deletion?: string;
  /** See {@link Inputs}. */
  readonly __over?: string;
}

/** What is stored. */
export interface Inputs {
  database?: string;
  name: string;
  qualifiedName: string;
  /** Canonical CREATE statement. */
  statement: string;
  deletion?: string;
  /** JSON: a map from the name of a secret to its verifier; see `secrets.ts`. The program sends the values in its place. */
  secrets?: string;
  /** The cluster on whose hosts the object is; `false`: on one host only, although the stack has a cluster. Absent without a cluster. */
  cluster?: string;
  /** On which of these hosts it is as declared: `all`, or what is missing where. Absent without a cluster. */
  hosts?: string;
  /** What `up` will run on an existing object. Shown, not compared. */
  plan?: string;
  /** The same as JSON, see `plan/shown.ts`; absent in states of 0.1.0. */
  __plan?: string;
  /** Present while old rows are kept, e.g. `kept for 1d`. */
  retired?: string;
  /** See `canonical/fingerprint.ts`. */
  __fingerprint?: string;
  /** What was said of it once: digests of lint warnings, and words. */
  __said?: string;
  /**
   * JSON. For a view: keys of the stack's tables that it reads, also through other views, and that keep their rows. For a row policy: the key of the
   * stack's table that it filters, and "drop" if that is dropped with its rows.
   */
  __over?: string;
  /** The object's server; see `introspect/server-identity.ts`. */
  __server?: string;
}

/** The stored outputs: the inputs and more. */
export interface Outs extends Inputs {
  /** Digest of the server's own statement at the last write. */
  __observed?: string;
  /** A statement failed at the last write: the server may still be working on it, or stuck. */
  __unsettled?: string;
  /** Digest of the URN of the resource that created or adopted the object. */
  __owner?: string;
}

/** Inputs that belong to the provider: a difference in them alone is none, and no preview shows it. */
export const OWN_INPUTS = [
  "plan",
  "__plan",
  "retired",
  "__fingerprint",
  "__over",
  "__said",
  "__server",
] as const satisfies (keyof Inputs)[];

/** Whether two sets of values declare the same object in the same way. */
export function isSameDeclaration(one: object, other: object): boolean {
  const keys = ["database", "name", "statement", "deletion", "secrets", "cluster", "hosts"] as const;
  return keys.every((key) => (one as Properties)[key] === (other as Properties)[key]);
}

export function readRequest(news: Properties): Request {
  const hidden = (news["__request"] ?? {}) as Properties;
  const [urn, dependencies, sensitive] = [hidden["urn"], hidden["dependencies"], hidden["sensitive"]];
  return {
    database: text(news["database"]),
    name: text(news["name"]) ?? "",
    statement: argumentsIn(text(news["statement"]) ?? ""),
    deletion: text(news["deletion"]),
    secrets: text(news["secrets"]),
    urn: isUnknown(urn) ? undefined : text(urn),
    dependencies: Array.isArray(dependencies)
      ? dependencies.filter((name) => typeof name === "string" && !isUnknown(name))
      : [],
    sensitive: sensitive === true,
    leaving: readLeaving(hidden["leaving"]),
  };
}

/** With `ignoreChanges: ["statement"]` the engine sends the stored statement in place of the program's arguments. */
function argumentsIn(statement: string): string {
  return statement.startsWith("CREATE ") ? JSON.stringify({ sql: statement }) : statement;
}

/** What a program sends. */
export function readLeaving(value: unknown): Leaving[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one: Properties) => leavingOf(text(one["urn"]) ?? "", one) ?? []);
}

/** Undefined if the name is unknown or secret. */
export function leavingOf(urn: string, values: Properties): Leaving | undefined {
  const { name, database, deletion, __over } = readStored(values);
  if (name === undefined || isUnknown(name)) return undefined;
  return {
    urn,
    name,
    ...(database !== undefined && { database }),
    ...(deletion !== undefined && { deletion }),
    ...(__over !== undefined && { __over }),
  };
}

/** Stored values, from inputs or outputs. Missing ones are undefined (a state of an older version, somebody else's import file). */
export function readStored(values: Properties): Partial<Outs> {
  const keys = [
    "database",
    "name",
    "qualifiedName",
    "statement",
    "deletion",
    "secrets",
    "cluster",
    "hosts",
    ...OWN_INPUTS,
    "__observed",
    "__unsettled",
    "__owner",
  ];
  return Object.fromEntries(keys.flatMap((key) => (typeof values[key] === "string" ? [[key, values[key]]] : [])));
}

/** The inputs among stored values. */
export function inputsOf(stored: Partial<Outs>): Inputs {
  const { __observed: _, __owner: __, __unsettled: ___, ...inputs } = stored;
  return inputs as Inputs;
}

/** What is stored for an object that is as declared. Fingerprint and plan stay with the inputs: they belong to one moment. */
export function outsOf(
  declared: Inputs,
  observed: string | undefined,
  urn: string | undefined,
): Record<string, string> {
  const { __fingerprint: _, __said: __, plan: ___, __plan: ____, ...outs } = declared;
  const owner = urn === undefined ? undefined : digest(urn);
  return {
    ...outs,
    ...(observed !== undefined && { __observed: observed }),
    ...(owner !== undefined && { __owner: owner }),
  };
}

/** Id of an object: readable, assigned once, kept when the object is renamed. */
export function idOf(inputs: Inputs): string {
  return inputs.qualifiedName;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
