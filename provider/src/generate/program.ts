import type { UnmanagedObject } from "../introspect/server";
import { keyParts, quotedName } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";
import { fileText } from "./file";
import { Identifiers } from "./identifiers";
import { levelsOf, type Order } from "./order";
import { CLASSES, type PlacedResource, type Resource, resourcesOf } from "./resources";

/** How a program is made of objects. */
export interface ProgramOptions {
  /** Views whose columns are written, because they are not simply those of the query, by key. Default: none. */
  readonly listed?: ReadonlySet<string>;
  /** Objects to name in comments, because the program does not manage them. Default: none. */
  readonly unmanaged?: readonly UnmanagedObject[];
}

/** A Pulumi program. */
export interface Program {
  /** Text by path, `index.ts` among them. */
  readonly files: ReadonlyMap<string, string>;
  /** In the order of their dependencies. */
  readonly resources: readonly PlacedResource[];
}

/** Stands on every server and is none of the user's declarations. */
const DEFAULT_DATABASE = "default";

/**
 * Writes the program that declares objects as they stand on a server: one file a database, and `index.ts`. Resources stand where
 * others name them, so that dependencies are right. What the server hides is taken from the config. Pure.
 *
 * @param objects as the server shows them, in any order.
 */
export function generateProgram(objects: readonly ObjectSpec[], options: ProgramOptions = {}): Program {
  const declared = objects.filter((spec) => spec.kind !== "database" || spec.name !== DEFAULT_DATABASE);
  const { list, order } = resourcesOf(declared, options.listed ?? new Set());
  const resources = place(list, order);
  const byFile = new Map<string, PlacedResource[]>();
  for (const resource of resources) {
    const others = byFile.get(resource.file);
    if (others === undefined) byFile.set(resource.file, [resource]);
    else others.push(resource);
  }
  const byKey = new Map(resources.map((resource) => [resource.key, resource]));
  const files = [...byFile.keys()].sort();
  const texts = files.map(
    (file) => [`${file}.ts`, fileText(byFile.get(file) ?? [], byKey, options.unmanaged ?? [])] as const,
  );
  return { files: new Map([["index.ts", indexText(files, byFile, options.unmanaged ?? [])], ...texts]), resources };
}

function place(list: readonly Resource[], order: Order): PlacedResource[] {
  const databaseOf = (key: string): string => keyParts(key).database;
  const levels = levelsOf(order, databaseOf);
  const files = new Map<string, string>();
  const takenFiles = new Set(["index"]);
  const identifiers = new Map<string, Identifiers>();
  const names = resourceNames(list);
  return list.map((resource) => {
    const group = `${databaseOf(resource.key)}\0${levels.get(resource.key) ?? 0}`;
    const file = files.get(group) ?? freeFile(databaseOf(resource.key), levels.get(resource.key) ?? 0, takenFiles);
    files.set(group, file);
    const own = identifiers.get(file) ?? new Identifiers();
    identifiers.set(file, own);
    const { live } = resource;
    const identifier = own.take(live.name, [CLASSES[live.kind]]);
    return { ...resource, file, identifier, resourceName: names.get(resource.key) ?? live.name };
  });
}

/** Some file systems do not tell capitals from small letters. */
function freeFile(database: string, level: number, taken: Set<string>): string {
  const plain = database.replace(/[^\w-]+/g, "_") || "database";
  const wanted = level === 0 ? plain : `${plain}-${level + 1}`;
  let name = wanted;
  for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${wanted}_${number}`;
  taken.add(name.toLowerCase());
  return name;
}

/** The object's own name, with its database where two of a kind share it. */
function resourceNames(list: readonly Resource[]): ReadonlyMap<string, string> {
  const count = new Map<string, number>();
  const slot = ({ live }: Resource, name: string): string => `${live.kind}\0${name}`;
  const plain = (text: string): string => text.replace(/[^\w.-]+/g, "_") || "object";
  for (const one of list)
    count.set(slot(one, plain(one.live.name)), (count.get(slot(one, plain(one.live.name))) ?? 0) + 1);
  const taken = new Set<string>();
  const names = new Map<string, string>();
  for (const one of [...list].sort((a, b) => (a.key < b.key ? -1 : 1))) {
    const { live } = one;
    const short = plain(live.name);
    const isUnique = live.kind === "database" || count.get(slot(one, short)) === 1;
    const wanted = isUnique ? short : plain(`${live.database}.${live.name}`);
    let name = wanted;
    for (let number = 2; taken.has(slot(one, name)); number++) name = `${wanted}_${number}`;
    taken.add(slot(one, name));
    names.set(one.key, name);
  }
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
  const { database, name } = keyParts(key);
  return database === "" && name !== undefined ? name : quotedName(key);
}
