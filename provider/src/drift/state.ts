import { SchemaError } from "../errors";
import { kindOf, kindOfUrn } from "../kinds";
import { objectsAmong } from "../report/preview";
import { keyNamed } from "../sql/object-key";
import type { ObjectKind } from "../sql/spec";
import { isProperties, type Properties, propertiesOf } from "../util/properties";

/** The key by which Pulumi marks an object as a secret. */
const SECRET_MARK = "4dabf18193072939515e22adb298388d";

/** An object in a stack's state. */
export interface StoredObject {
  readonly urn: string;
  readonly kind: ObjectKind;
  /** Name of its provider resource; `default` is the provider from the stack's config. */
  readonly provider: string;
  /** Undefined where its name is encrypted, or missing. */
  readonly key: string | undefined;
  /** Canonical CREATE statement; undefined where it is encrypted, or missing. */
  readonly statement: string | undefined;
  /** Part of the object is secret: nothing of its statement may be shown. */
  readonly secret: boolean;
  /** Digest of the server's own text at the last write. */
  readonly observed: string | undefined;
  /** The server it was written to; see `introspect/server-identity.ts`. Undefined in a state of version 0.1.0. */
  readonly server?: string;
  /** The cluster on whose hosts it is; undefined: on one host. */
  readonly cluster?: string;
}

/** The server of a provider, as the last `up` stored it. Encrypted values are omitted. */
export interface StoredProvider {
  readonly name: string;
  readonly url?: string;
  readonly username?: string;
  /** Present only in an export with `--show-secrets`. */
  readonly password?: string;
}

/** The ClickHouse part of a stack's state. */
export interface StackState {
  readonly objects: readonly StoredObject[];
  readonly providers: readonly StoredProvider[];
}

/** How to get a state. */
export const EXPORT = "pulumi stack export --stack NAME > state.json";

/**
 * Reads the state of a stack: the output of `pulumi stack export`, with or without `--show-secrets`, or a file of a file backend
 * (`.pulumi/stacks/PROJECT/STACK.json`).
 *
 * @throws {SchemaError} when it is neither.
 */
export function readState(text: string): StackState {
  const resources = resourcesAmong(text);
  if (resources === undefined) {
    const start = text.trim().slice(0, 60).replace(/\s+/g, " ");
    throw new SchemaError(
      "input-unreadable",
      "Expected the state of a stack, an object with a deployment or a checkpoint, but found " +
        `${start === "" ? "nothing" : JSON.stringify(start)}. Write it with: ${EXPORT}`,
    );
  }
  // An object that waits for deletion has a successor in the same state.
  const current = resources.filter((resource) => resource["delete"] !== true);
  return { objects: current.flatMap(objectOf), providers: current.flatMap(providerOf) };
}

function resourcesAmong(text: string): Properties[] | undefined {
  for (const found of objectsAmong(text)) {
    const checkpoint = found["checkpoint"];
    const deployment = isProperties(checkpoint) ? (checkpoint["latest"] ?? {}) : found["deployment"];
    // A stack that was never deployed has none.
    if (isProperties(deployment)) return list(deployment["resources"]);
  }
  return undefined;
}

function objectOf(resource: Properties): StoredObject[] {
  const urn = text(resource["urn"]) ?? "";
  const kind = kindOfUrn(urn);
  if (kind === undefined) return [];
  const values = propertiesOf(isProperties(resource["outputs"]) ? resource["outputs"] : resource["inputs"]);
  const [database, name, statement] = ["database", "name", "statement"].map((key) => storedText(values[key]));
  const server = text(values["__server"]);
  const cluster = text(values["cluster"]);
  const isNamed = name !== undefined && (kindOf(kind).scope !== "database" || database !== undefined);
  return [
    {
      urn,
      kind,
      provider: providerName(text(resource["provider"]) ?? ""),
      key: isNamed ? keyNamed(kind, database, name) : undefined,
      statement,
      // Verifiers say nothing of the statement.
      secret: Object.entries(values).some(([name, value]) => name !== "secrets" && isSecret(value)),
      observed: text(values["__observed"]),
      ...(server !== undefined && { server }),
      ...(cluster !== undefined && cluster !== "false" && { cluster }),
    },
  ];
}

function providerOf(resource: Properties): StoredProvider[] {
  if (resource["type"] !== "pulumi:providers:pulumi-nodejs") return [];
  const inputs = propertiesOf(resource["inputs"]);
  const [url, username, password] = ["url", "username", "password"].map((key) =>
    storedText(inputs[`clickhouse:${key}`]),
  );
  return [
    {
      name: shortName(text(resource["urn"])?.split("::").at(-1) ?? ""),
      ...(url !== undefined && { url }),
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
    },
  ];
}

/** The name in a reference, which is a URN followed by an id. */
function providerName(reference: string): string {
  return shortName(reference.split("::").at(-2) ?? "");
}

function shortName(name: string): string {
  return name === "" || /^default(?:_\d+)*$/.test(name) ? "default" : name;
}

/** A string; also the string in a secret that is shown. */
function storedText(value: unknown): string | undefined {
  if (!isSecret(value)) return text(value);
  const plain = text(value["plaintext"]);
  try {
    return plain === undefined ? undefined : text(JSON.parse(plain));
  } catch {
    return undefined;
  }
}

function isSecret(value: unknown): value is Properties {
  return isProperties(value) && SECRET_MARK in value;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function list(value: unknown): Properties[] {
  return Array.isArray(value) ? value.filter(isProperties) : [];
}
