import { callsIn, leavesOf, Reference, referencesIn, Sql, type Value, type ValueMap } from "../code/value";
import type { UnmanagedObject } from "../introspect/server";
import { KINDS } from "../kinds";
import { keyParts, objectKey, ownName, quotedName } from "../sql/object-key";
import { Identifiers } from "./identifiers";
import { Printer, quote } from "./print";
import type { PlacedResource } from "./resources";
import type { PlacedRollup } from "./rollups/resource";

/** Maximum line length of a file. */
const WIDTH = 120;
const COLLATOR = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** All that is placed, by key. */
export interface Placed {
  readonly byKey: ReadonlyMap<string, PlacedResource>;
  readonly rollups: ReadonlyMap<string, PlacedRollup>;
}

/** Text of a file with resources of one database, in the order given. */
export function fileText(
  resources: readonly PlacedResource[],
  placed: Placed,
  unmanaged: readonly UnmanagedObject[],
): string {
  const { byKey, rollups } = placed;
  const names = namesIn(resources, placed);
  const printer = new Printer(({ key }) => nameOf(key, placed, names));
  const declarations = resources.flatMap((resource) => {
    if (resource.within === undefined) return [declarationOf(resource, printer, byKey)];
    const rollup = resource.within.rollup === resource.key ? rollups.get(resource.key) : undefined;
    return rollup === undefined ? [] : [rollupOf(rollup, resource, printer, byKey)];
  });
  const hasSecrets = resources.some(({ secrets }) => secrets.length > 0);
  const config = hasSecrets ? ["const config = new pulumi.Config();\n"] : [];
  const isFirst =
    resources.every(({ file }) => !file.includes("-")) || resources.some(({ live }) => !("database" in live));
  const notes = isFirst ? notesOn(resources, unmanaged) : [];
  return [importsOf(resources, names, placed, hasSecrets), ...config, ...declarations, ...notes].join("\n");
}

/** The declaration of an object: its resource, or the rollup that makes it. */
function ownerOf(key: string, { byKey, rollups }: Placed): PlacedResource | PlacedRollup | undefined {
  const resource = byKey.get(key);
  return resource?.within === undefined ? resource : rollups.get(resource.within.rollup);
}

/** An object's identifier in a file. */
function nameOf(key: string, placed: Placed, names: ReadonlyMap<string, string>): string {
  const owner = names.get(ownerOf(key, placed)?.key ?? key) ?? "undefined";
  const path = placed.byKey.get(key)?.within?.path;
  return path === undefined ? owner : `${owner}.${path}`;
}

/** Every resource and rollup that a file has or uses, by its identifier in the file. */
function namesIn(resources: readonly PlacedResource[], placed: Placed): ReadonlyMap<string, string> {
  const taken = new Identifiers();
  const names = new Map<string, string>();
  for (const { key } of resources) {
    const owner = ownerOf(key, placed);
    if (owner === undefined || names.has(owner.key)) continue;
    taken.claim(owner.identifier);
    names.set(owner.key, owner.identifier);
  }
  const used = new Set(
    resources.flatMap((resource) => usedBy(resource, placed)).map((key) => ownerOf(key, placed)?.key ?? key),
  );
  for (const key of [...used].filter((one) => !names.has(one)).sort()) {
    const other = ownerOf(key, placed);
    if (other === undefined) continue;
    const { identifier } = other;
    const { database, name = database } = keyParts(key);
    names.set(key, taken.isFree(identifier) ? taken.claim(identifier) : taken.take(`${database} ${name}`));
  }
  return names;
}

/** Keys of the resources named in the code of one, or of its rollup. */
function usedBy({ live, within, ...own }: PlacedResource, { byKey, rollups }: Placed): string[] {
  const { args, dependsOn } = (within && rollups.get(within.rollup)) ?? own;
  const inArgs = leavesOf(args).flatMap(referencesIn);
  const database = !("database" in live) || "sql" in args ? [] : [objectKey(live.database)];
  return [...(within === undefined || within.path === "target" ? database : []), ...inArgs, ...dependsOn].filter(
    (key) => byKey.has(key),
  );
}

function rollupOf(
  { identifier, resourceName, args: own, dependsOn }: PlacedRollup,
  { live }: PlacedResource,
  printer: Printer,
  byKey: ReadonlyMap<string, PlacedResource>,
): string {
  const head = `export const ${identifier} = `;
  const args: ValueMap = {
    ...("database" in live && { database: databaseOf(live.database, byKey) }),
    ...(ownName(live) !== resourceName && { name: ownName(live) }),
    ...own,
  };
  return `${head}${printer.call("Rollup", resourceName, args, optionsOf(dependsOn), head.length)}\n`;
}

function optionsOf(dependsOn: readonly string[]): ValueMap | undefined {
  return dependsOn.length === 0 ? undefined : { dependsOn: dependsOn.map((key): Value => new Reference(key)) };
}

function declarationOf(resource: PlacedResource, printer: Printer, byKey: ReadonlyMap<string, PlacedResource>): string {
  const { live, identifier, resourceName, dependsOn } = resource;
  const isPlain = "sql" in resource.args;
  const head = `export const ${identifier} = `;
  const args: ValueMap = {
    ...(!isPlain && "database" in live && { database: databaseOf(live.database, byKey) }),
    // What is part of something else has its name.
    ...(!isPlain && KINDS[live.kind].isOf === undefined && ownName(live) !== resourceName && { name: ownName(live) }),
    ...resource.args,
  };
  const options = optionsOf(dependsOn);
  const comments = commentsOn(resource).flatMap((comment) => wrap(comment));
  return `${comments.join("")}${head}${printer.call(KINDS[live.kind].type, resourceName, args, options, head.length)}\n`;
}

function databaseOf(name: string, byKey: ReadonlyMap<string, PlacedResource>): Value {
  return byKey.has(objectKey(name)) ? new Reference(objectKey(name)) : name;
}

function commentsOn({ plain, secrets, circular }: PlacedResource): string[] {
  const hidden = secrets.map(({ name }) => `\`pulumi config set --secret ${name}\``);
  return [
    ...(plain === undefined ? [] : [`Plain SQL, because arguments cannot express this: ${plain}.`]),
    ...(hidden.length === 0 ? [] : [`The server does not show its secrets: give them with ${hidden.join(" and ")}.`]),
    ...circular.map(
      (key) => `It and ${quotedName(key)} refer to each other: one of the two has to be declared elsewhere.`,
    ),
  ];
}

function notesOn(resources: readonly PlacedResource[], unmanaged: readonly UnmanagedObject[]): string[] {
  const [first] = resources;
  const database = first === undefined ? undefined : keyParts(first.key).database;
  const notes = unmanaged
    .filter(({ key }) => keyParts(key).database === database)
    .flatMap(({ key, kind, reason }) =>
      wrap(`Not managed: ${kind} ${quotedName(key)}${reason === "" ? "" : ` (${reason})`}.`),
    );
  return notes.length === 0 ? [] : [notes.join("")];
}

/** A comment, line by line; a name may contain a line break. */
function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = "//";
  for (const word of text.split(/\s+/)) {
    if (line.length + 1 + word.length > WIDTH && line !== "//") {
      lines.push(`${line}\n`);
      line = "//";
    }
    line += ` ${word}`;
  }
  return [...lines, `${line}\n`];
}

function importsOf(
  resources: readonly PlacedResource[],
  names: ReadonlyMap<string, string>,
  placed: Placed,
  hasSecrets: boolean,
): string {
  const [first] = resources;
  const rollups = resources.flatMap(({ key }) => placed.rollups.get(key) ?? []);
  const classes = new Set(
    resources.flatMap(({ live, within }) => (within === undefined ? [KINDS[live.kind].type] : [])),
  );
  for (const name of rollups.flatMap(({ args }) => ["Rollup", ...callsIn(args)])) classes.add(name);
  if (resources.some(({ args }) => leavesOf(args).some(needsTag))) classes.add("sql");
  const files = new Map<string, string[]>();
  for (const [key, name] of names) {
    const other = ownerOf(key, placed);
    if (other === undefined || other.file === first?.file) continue;
    const specifier = other.identifier === name ? name : `${other.identifier} as ${name}`;
    files.set(other.file, [...(files.get(other.file) ?? []), specifier]);
  }
  return [
    ...(hasSecrets ? ['import * as pulumi from "@pulumi/pulumi";\n'] : []),
    importOf([...classes], "pulumi-clickhouse-schema"),
    ...[...files]
      .sort(([a], [b]) => compareNaturally(a, b))
      .map(([file, specifiers]) => importOf(specifiers, `./${file}`)),
  ].join("");
}

function needsTag(leaf: Sql | Reference): boolean {
  return leaf instanceof Sql && leaf.parts.some((part) => typeof part !== "string");
}

function importOf(specifiers: readonly string[], from: string): string {
  const localName = (specifier: string): string => specifier.replace(/^.* as /, "");
  const sorted = [...specifiers].sort((a, b) => compareNaturally(localName(a), localName(b)));
  const line = `import { ${sorted.join(", ")} } from ${quote(from)};\n`;
  return line.length - 1 <= WIDTH
    ? line
    : `import {\n${sorted.map((one) => `  ${one},\n`).join("")}} from ${quote(from)};\n`;
}

/** Sorted as Biome does: A, a, B, b; numbers by value. */
function compareNaturally(a: string, b: string): number {
  const pieces = (text: string): readonly string[] => text.match(/\d+|\D/g) ?? [];
  const [left, right] = [pieces(a), pieces(b)];
  for (const [index, one] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const order = COLLATOR.compare(one, other) || (one === other ? 0 : one < other ? -1 : 1);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}
