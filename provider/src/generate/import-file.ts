import { fingerprint } from "../canonical/fingerprint";
import { mentionedNames } from "../canonical/mentions";
import { objectKey, quotedName } from "../sql/object-key";
import { renderCreate } from "../sql/render";
import type { ObjectKind } from "../sql/spec";
import { normalOf } from "./declared";
import type { Program } from "./program";
import { CLASSES, type PlacedResource } from "./resources";

/** What `pulumi import --file` reads. */
export interface ImportFile {
  readonly resources: readonly ImportedResource[];
}

/** One resource, with all that its state will hold, so that nothing is read. */
export interface ImportedResource {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

/** The text by which the state finds the provider's code; the same that the resources send. */
function providerText(kind: ObjectKind): string {
  return `exports.handler=()=>require("pulumi-clickhouse-schema/provider").${kind}`;
}

/**
 * The state of a program's resources as they stand on the server. The next preview is empty: each holds the statement that stands
 * there and the fingerprint of what the program declares, so that no engine is asked. Resources with secrets are left out, because
 * nobody knows their statements: `pulumi up` adopts them.
 *
 * @param observed digest of the server's text of an object, by key.
 */
export function importFile({ resources }: Program, observed: (key: string) => string | undefined): ImportFile {
  const prints = new Map<string, string | undefined>();
  const imported = resources.flatMap((resource) => {
    const print = printOf(resource, prints);
    prints.set(resource.key, print);
    return resource.secrets.length > 0 ? [] : [importedResource(resource, print, observed(resource.key))];
  });
  return { resources: imported };
}

/** As `check` makes it; undefined where a secret, which only the program knows, goes into it. */
function printOf({ key, declared, secrets }: PlacedResource, prints: ReadonlyMap<string, string | undefined>) {
  if (secrets.length > 0) return undefined;
  const rendered = renderCreate(declared);
  const sources = [...mentionedNames(rendered)].filter((name) => name !== key);
  if (declared.kind !== "database") sources.push(objectKey(declared.database));
  const read = sources.filter((source) => prints.has(source)).map((source) => prints.get(source));
  return read.includes(undefined)
    ? undefined
    : fingerprint(
        rendered,
        read.filter((print) => print !== undefined),
      );
}

function importedResource(
  { key, live, declared, resourceName }: PlacedResource,
  print: string | undefined,
  observed: string | undefined,
): ImportedResource {
  const object = {
    ...(live.kind !== "database" && { database: live.database }),
    name: live.name,
    qualifiedName: quotedName(key),
    statement: renderCreate(normalOf(live, declared)),
    __provider: providerText(live.kind),
  };
  return {
    type: `pulumi-nodejs:dynamic/clickhouse:${CLASSES[live.kind]}`,
    name: resourceName,
    id: quotedName(key),
    inputs: { ...object, ...(print !== undefined && { __fingerprint: print }) },
    outputs: { ...object, ...(observed !== undefined && { __observed: observed }) },
  };
}
