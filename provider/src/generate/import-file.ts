import { fingerprint } from "../canonical/fingerprint";
import { normalize } from "../drift/as-written";
import { KINDS } from "../kinds";
import { objectKey, quotedName } from "../sql/object-key";
import { renderCreate } from "../sql/render";
import type { ObjectKind } from "../sql/spec";
import type { Program } from "./program";
import type { PlacedResource } from "./resources";
import type { PlacedRollup } from "./rollups/resource";

/** What `pulumi import --file` reads. */
export interface ImportFile {
  readonly resources: readonly (ImportedResource | ImportedComponent)[];
}

/** A rollup, which has an entry in the state and nothing else. */
export interface ImportedComponent {
  readonly type: string;
  /** The name by which its parts refer to it; unique among all resources of the file. */
  readonly name: string;
  /** Name within the stack. */
  readonly logicalName: string;
  readonly component: true;
}

/** One resource, with all that its state will hold, so that nothing has to be read. */
export interface ImportedResource {
  readonly type: string;
  readonly name: string;
  /** The component it is part of. */
  readonly parent?: string;
  readonly id: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

/** The text by which the state finds the provider's code; the resources send the same. */
function providerText(kind: ObjectKind): string {
  return `exports.handler=()=>require("pulumi-clickhouse-schema/provider").${kind}`;
}

/**
 * The state of a program's resources as they are on the server. The next preview is empty: each holds the statement that exists
 * there and the fingerprint of what the program declares, so that no engine is needed. Resources with secrets are left out, because
 * nobody knows their statements: `pulumi up` adopts them.
 *
 * @param observed digest of the server's text of an object, by key.
 */
export function importFile({ resources, rollups }: Program, observed: (key: string) => string | undefined): ImportFile {
  const components = new Map(rollups.map((rollup) => [rollup.key, componentOf(rollup)]));
  const prints = new Map<string, string | undefined>();
  const imported = resources.flatMap((resource) => {
    const print = printOf(resource, prints);
    prints.set(resource.key, print);
    if (resource.secrets.length > 0) return [];
    const parent = components.get(resource.within?.rollup ?? "")?.name;
    return [{ ...importedResource(resource, print, observed(resource.key)), ...(parent !== undefined && { parent }) }];
  });
  return { resources: [...components.values(), ...imported] };
}

/** No other resource has a space in its name. */
function componentOf({ resourceName }: PlacedRollup): ImportedComponent {
  return {
    type: "clickhouse:index:Rollup",
    name: `rollup ${resourceName}`,
    logicalName: resourceName,
    component: true,
  };
}

/** As `check` makes it; undefined if it contains a secret, which only the program knows. */
function printOf(
  { key, declared, rendered, mentions, secrets }: PlacedResource,
  prints: ReadonlyMap<string, string | undefined>,
) {
  if (secrets.length > 0) return undefined;
  const sources = [...mentions].filter((name) => name !== key);
  if ("database" in declared) sources.push(objectKey(declared.database));
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
    ...("database" in live && { database: live.database }),
    name: live.name,
    qualifiedName: quotedName(key),
    statement: renderCreate(normalize(live, declared)),
    __provider: providerText(live.kind),
  };
  return {
    type: `pulumi-nodejs:dynamic/clickhouse:${KINDS[live.kind].type}`,
    name: resourceName,
    id: quotedName(key),
    inputs: { ...object, ...(print !== undefined && { __fingerprint: print }) },
    outputs: { ...object, ...(observed !== undefined && { __observed: observed }) },
  };
}
