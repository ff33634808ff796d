import type { UnmanagedObject } from "../introspect/server";
import { KINDS } from "../kinds";
import { accessKindOf, isInNoDatabase, keyNamed, keyParts, objectKey, ownName, quotedName } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";
import { type Drafts, draftsOf } from "./drafts";
import { fileText } from "./file";
import { Identifiers } from "./identifiers";
import { levelsOf } from "./order";
import { type PlacedResource, type Resource, type Resources, resourcesOf } from "./resources";
import type { FoundRollup } from "./rollups/find";
import type { PlacedRollup } from "./rollups/resource";

/** How a program is made from objects. */
export interface ProgramOptions {
  /** Views whose columns are written because they are not simply the query's, by key. Default: none. */
  readonly listed?: ReadonlySet<string>;
  /** Objects to name in comments, because the program does not manage them. Default: none. */
  readonly unmanaged?: readonly UnmanagedObject[];
  /** Rollups, confirmed by the engine, to write in place of their parts. Default: none. */
  readonly rollups?: readonly FoundRollup[];
}

/** A Pulumi program. */
export interface Program {
  /** Text by path, `index.ts` among them. */
  readonly files: ReadonlyMap<string, string>;
  /** In dependency order, including the parts of rollups. */
  readonly resources: readonly PlacedResource[];
  readonly rollups: readonly PlacedRollup[];
}

/** In the place of a database, for what belongs to none. */
const ACCESS = "\u0001";

/** Exists on every server and is not one of the user's declarations. */
const DEFAULT_DATABASE = "default";

/**
 * Writes the program that declares objects as they are on a server: one file per database, and `index.ts`. Resources are used where
 * others name them, so that dependencies are right. Values that the server hides are taken from the config. Pure.
 *
 * @param objects as the server shows them, in any order.
 */
export function generateProgram(objects: readonly ObjectSpec[], options: ProgramOptions = {}): Program {
  return writeProgram(draftsOf(objects), options);
}

/** As {@link generateProgram}, for objects whose arguments have been tried already. */
export function writeProgram(drafts: Drafts, { listed, rollups: found, unmanaged = [] }: ProgramOptions): Program {
  const declared = new Map(drafts);
  declared.delete(objectKey(DEFAULT_DATABASE));
  const { resources, rollups } = place(resourcesOf(declared, listed ?? new Set(), found));
  const byFile = new Map<string, PlacedResource[]>();
  for (const resource of resources) {
    const others = byFile.get(resource.file);
    if (others === undefined) byFile.set(resource.file, [resource]);
    else others.push(resource);
  }
  const byKey = new Map(resources.map((resource) => [resource.key, resource]));
  const rollupsByKey = new Map(rollups.map((rollup) => [rollup.key, rollup]));
  const files = [...byFile.keys()].sort();
  const texts = files.map((file) => {
    const text = fileText(byFile.get(file) ?? [], { byKey, rollups: rollupsByKey }, unmanaged);
    return [`${file}.ts`, text] as const;
  });
  return { files: new Map([["index.ts", indexText(files, byFile, unmanaged)], ...texts]), resources, rollups };
}

function place({ list, rollups, order }: Resources) {
  // Users, roles and the like are in one file.
  const databaseOf = (key: string): string => (isOfAccess(key) ? ACCESS : keyParts(key).database);
  const levels = levelsOf(order, databaseOf);
  const files = new Map<string, string>();
  const takenFiles = new Set(["index"]);
  const identifiers = new Map<string, Identifiers>();
  const names = resourceNames(list);
  const placed = new Map<string, PlacedRollup>();
  const resources = list.map((resource) => {
    const { live, within } = resource;
    const owner = within?.rollup ?? resource.key;
    const group = `${databaseOf(owner)}\0${levels.get(owner) ?? 0}`;
    const file = files.get(group) ?? freeFile(databaseOf(owner), levels.get(owner) ?? 0, takenFiles);
    files.set(group, file);
    const own = identifiers.get(file) ?? new Identifiers();
    identifiers.set(file, own);
    const resourceName = names.get(resource.key) ?? ownName(live);
    const rollup = rollups.find(({ key }) => key === owner);
    if (within === undefined || rollup === undefined)
      return { ...resource, file, identifier: own.take(ownName(live), [KINDS[live.kind].type]), resourceName };
    const found = placed.get(owner) ?? {
      ...rollup,
      file,
      identifier: own.take(ownName(live), ["Rollup"]),
      resourceName: names.get(owner) ?? ownName(live),
    };
    placed.set(owner, found);
    return { ...resource, file, identifier: `${found.identifier}.${within.path}`, resourceName };
  });
  return { resources, rollups: [...placed.values()] };
}

function isOfAccess(key: string): boolean {
  const { name } = keyParts(key);
  return accessKindOf(key) !== undefined || (name !== undefined && key === keyNamed("grants", undefined, name));
}

/** Some file systems are case-insensitive. */
function freeFile(database: string, level: number, taken: Set<string>): string {
  // Only functions are in no database.
  const plain =
    database === "" ? "functions" : database === ACCESS ? "access" : database.replace(/[^\w-]+/g, "_") || "database";
  const wanted = level === 0 ? plain : `${plain}-${level + 1}`;
  let name = wanted;
  for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${wanted}_${number}`;
  taken.add(name.toLowerCase());
  return name;
}

/** The object's own name, with its database if two of a kind share it; a part of a rollup has the rollup's. */
function resourceNames(list: readonly Resource[]): ReadonlyMap<string, string> {
  const count = new Map<string, number>();
  const slot = ({ live }: Resource, name: string): string => `${live.kind}\0${name}`;
  const plain = (text: string): string => text.replace(/[^\w.-]+/g, "_") || "object";
  for (const one of list)
    count.set(slot(one, plain(ownName(one.live))), (count.get(slot(one, plain(ownName(one.live)))) ?? 0) + 1);
  const taken = new Set<string>();
  const names = new Map<string, string>();
  const sorted = [...list].sort((a, b) => (a.key < b.key ? -1 : 1));
  const partsOf = (key: string): Resource[] => sorted.filter(({ within }) => within?.rollup === key);
  const take = (one: Resource, also: readonly Resource[]): void => {
    const { live } = one;
    const short = plain(ownName(live));
    const isUnique = !("database" in live) || count.get(slot(one, short)) === 1;
    const wanted = isUnique ? short : plain(`${live.database}.${ownName(live)}`);
    const slots = (name: string): string[] => [
      slot(one, name),
      ...also.map((part) => slot(part, `${name}${part.within?.suffix}`)),
    ];
    let name = wanted;
    for (let number = 2; slots(name).some((one) => taken.has(one)); number++) name = `${wanted}_${number}`;
    for (const one of slots(name)) taken.add(one);
    names.set(one.key, name);
    for (const part of also) names.set(part.key, `${name}${part.within?.suffix}`);
  };
  // The names of a rollup's parts follow from the rollup, so the others must avoid them.
  for (const one of sorted) if (one.within?.rollup === one.key) take(one, partsOf(one.key));
  for (const one of sorted) if (one.within === undefined) take(one, []);
  return names;
}

function indexText(
  files: readonly string[],
  byFile: ReadonlyMap<string, readonly PlacedResource[]>,
  unmanaged: readonly UnmanagedObject[],
): string {
  const databases = new Set([...byFile.values()].flat().map(({ key }) => keyParts(key).database));
  const others = unmanaged.filter(({ key }) => !databases.has(keyParts(key).database));
  const notes = others.map((one) => `// Not managed: ${one.kind} ${nameOf(one)}.\n`);
  return `${notes.join("")}${files.map((file) => `import "./${file}";\n`).join("")}`;
}

function nameOf({ key }: UnmanagedObject): string {
  return (isInNoDatabase(key) ? keyParts(key).name : undefined) ?? quotedName(key);
}
