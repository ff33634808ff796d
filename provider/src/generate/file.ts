import type { UnmanagedObject } from "../introspect/server";
import { keyParts, objectKey, quotedName } from "../sql/object-key";
import { Identifiers } from "./identifiers";
import { Printer, quote } from "./print";
import { CLASSES, type PlacedResource } from "./resources";
import { leavesOf, Reference, Sql, type Value, type ValueMap } from "./value";

/** Longest line of a file. */
const WIDTH = 120;
const COLLATOR = new Intl.Collator("en", { numeric: true });

/** Text of a file with resources of one database, in the order given. */
export function fileText(
  resources: readonly PlacedResource[],
  byKey: ReadonlyMap<string, PlacedResource>,
  unmanaged: readonly UnmanagedObject[],
): string {
  const names = namesIn(resources, byKey);
  const printer = new Printer(({ key }) => names.get(key) ?? "undefined");
  const declarations = resources.map((resource) => declarationOf(resource, printer, byKey));
  const hasSecrets = resources.some(({ secrets }) => secrets.length > 0);
  const config = hasSecrets ? ["const config = new pulumi.Config();\n"] : [];
  const isFirst =
    resources.every(({ file }) => !file.includes("-")) || resources.some(({ live }) => live.kind === "database");
  const notes = isFirst ? notesOn(resources, unmanaged) : [];
  return [importsOf(resources, names, byKey, hasSecrets), ...config, ...declarations, ...notes].join("\n");
}

/** Every resource that a file has or uses, by what the file calls it. */
function namesIn(
  resources: readonly PlacedResource[],
  byKey: ReadonlyMap<string, PlacedResource>,
): ReadonlyMap<string, string> {
  const own = new Set(resources.map(({ key }) => key));
  const taken = new Identifiers();
  const names = new Map<string, string>();
  for (const { key, identifier } of resources) {
    taken.claim(identifier);
    names.set(key, identifier);
  }
  const used = [...new Set(resources.flatMap((resource) => usedBy(resource, byKey)))]
    .filter((key) => !own.has(key))
    .sort();
  for (const key of used) {
    const other = byKey.get(key);
    if (other === undefined) continue;
    const { identifier } = other;
    const { database } = keyParts(key);
    names.set(key, taken.isFree(identifier) ? taken.claim(identifier) : taken.take(`${database} ${other.live.name}`));
  }
  return names;
}

/** Keys of the resources that the code of one names. */
function usedBy({ live, args, dependsOn }: PlacedResource, byKey: ReadonlyMap<string, PlacedResource>): string[] {
  const inArgs = leavesOf(args).flatMap((leaf) =>
    leaf instanceof Reference ? [leaf] : leaf.parts.filter((part) => part instanceof Reference),
  );
  const database = live.kind === "database" || "sql" in args ? [] : [objectKey(live.database)];
  return [...database, ...inArgs.map(({ key }) => key), ...dependsOn].filter((key) => byKey.has(key));
}

function declarationOf(resource: PlacedResource, printer: Printer, byKey: ReadonlyMap<string, PlacedResource>): string {
  const { live, identifier, resourceName, dependsOn } = resource;
  const isPlain = "sql" in resource.args;
  const head = `export const ${identifier} = `;
  const args: ValueMap = {
    ...(!isPlain && live.kind !== "database" && { database: databaseOf(live.database, byKey) }),
    ...(!isPlain && live.name !== resourceName && { name: live.name }),
    ...resource.args,
  };
  const options = dependsOn.length === 0 ? undefined : { dependsOn: dependsOn.map((key): Value => new Reference(key)) };
  const comments = commentsOn(resource).flatMap((comment) => wrap(comment));
  return `${comments.join("")}${head}${printer.call(CLASSES[live.kind], resourceName, args, options, head.length)}\n`;
}

function databaseOf(name: string, byKey: ReadonlyMap<string, PlacedResource>): Value {
  return byKey.has(objectKey(name)) ? new Reference(objectKey(name)) : name;
}

function commentsOn({ plain, secrets, circular }: PlacedResource): string[] {
  const hidden = secrets.map(({ name }) => `\`pulumi config set --secret ${name}\``);
  return [
    ...(plain === undefined ? [] : [`Plain SQL, because arguments cannot say this: ${plain}.`]),
    ...(hidden.length === 0 ? [] : [`The server does not show its secrets: give them with ${hidden.join(" and ")}.`]),
    ...circular.map((key) => `It and ${quotedName(key)} name each other: one of the two has to be declared elsewhere.`),
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

/** A comment in lines; a name may hold a line break. */
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
  byKey: ReadonlyMap<string, PlacedResource>,
  hasSecrets: boolean,
): string {
  const [first] = resources;
  const classes = new Set(resources.map(({ live }) => CLASSES[live.kind]));
  if (resources.some(({ args }) => leavesOf(args).some(needsTag))) classes.add("sql");
  const files = new Map<string, string[]>();
  for (const [key, name] of names) {
    const other = byKey.get(key);
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
  const sorted = [...specifiers].sort(compareNaturally);
  const line = `import { ${sorted.join(", ")} } from ${quote(from)};\n`;
  return line.length - 1 <= WIDTH
    ? line
    : `import {\n${sorted.map((one) => `  ${one},\n`).join("")}} from ${quote(from)};\n`;
}

/** As formatters sort: capitals and small letters alike, numbers by value. */
function compareNaturally(a: string, b: string): number {
  return COLLATOR.compare(a, b);
}
