import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { parse } from "yaml";
import { messageOf, SchemaError } from "../errors";
import { type Properties, propertiesOf } from "../util/properties";

/** A Pulumi project on disk, as far as its program is concerned. */
export interface Project {
  readonly name: string;
  /** Folder with Pulumi.yaml; that of the program if there is none. */
  readonly root: string;
  /** Working directory of the program. */
  readonly folder: string;
  /** What is loaded: a file, or the folder. */
  readonly entry: string;
  /** Config that the files set, by full key. Encrypted values are left out: they are in {@link Project.secrets}. */
  readonly config: Readonly<Record<string, string>>;
  /** Full keys of encrypted values. */
  readonly secrets: readonly string[];
}

/**
 * Finds the project of a program and reads its config, without the Pulumi CLI.
 *
 * @param path folder or file of a program, or a folder above which there is a `Pulumi.yaml`.
 * @param stack adds `Pulumi.STACK.yaml`.
 * @throws {SchemaError} when there is no program, or a file cannot be read.
 */
export function findProject(path: string, stack?: string): Project {
  const start = resolve(path);
  if (!existsSync(start)) throw new SchemaError("input-unreadable", `${path}: there is no such file or folder`);
  const isFile = !statSync(start).isDirectory();
  const file = pulumiFile(isFile ? dirname(start) : start);
  const settings = file === undefined ? {} : read(file);
  const root = file === undefined ? (isFile ? dirname(start) : start) : dirname(file);
  const main = text(settings["main"]);
  const entry = isFile ? start : main !== undefined ? resolve(root, main) : root;
  const folder = existsSync(entry) && statSync(entry).isDirectory() ? entry : dirname(entry);
  if (!isFile && !hasProgram(entry)) throw new SchemaError("input-unreadable", noProgram(path, entry));
  const name = text(settings["name"]) ?? "project";
  return { name, root, folder, entry, ...configOf(settings, name, root, stack) };
}

function pulumiFile(start: string): string | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    const file = ["Pulumi.yaml", "Pulumi.yml"].map((name) => join(folder, name)).find(existsSync);
    if (file !== undefined || dirname(folder) === folder) return file;
  }
}

function hasProgram(entry: string): boolean {
  if (!existsSync(entry)) return ["ts", "js", "mjs", "cjs"].some((end) => existsSync(`${entry}.${end}`));
  if (!statSync(entry).isDirectory()) return true;
  const own = join(entry, "package.json");
  const main = existsSync(own) ? text(read(own)["main"]) : undefined;
  return ["index.ts", "index.js", "index.mjs", ...(main === undefined ? [] : [main])].some((name) =>
    existsSync(join(entry, name)),
  );
}

function noProgram(path: string, entry: string): string {
  return `${path}: found no Pulumi program there: no Pulumi.yaml, and no index.ts or index.js in ${entry}. Name its folder with --program`;
}

function configOf(
  settings: Properties,
  name: string,
  root: string,
  stack: string | undefined,
): Pick<Project, "config" | "secrets"> {
  const folder = resolve(root, text(settings["stackConfigDir"]) ?? text(settings["config"]) ?? ".");
  const own = stack === undefined ? undefined : stackFile(folder, stack);
  const layers = [propertiesOf(settings["config"]), ...(own === undefined ? [] : [propertiesOf(read(own)["config"])])];
  const config: Record<string, string> = {};
  const secrets = new Set<string>();
  for (const [key, given] of layers.flatMap((layer) => Object.entries(layer))) {
    const full = key.includes(":") ? key : `${name}:${key}`;
    // A value of Pulumi.yaml may be described: { type, default }.
    const described = propertiesOf(given);
    const value = "default" in described || "type" in described ? described["default"] : given;
    if ("secure" in propertiesOf(value)) secrets.add(full);
    else if (value !== undefined && value !== null) {
      config[full] = typeof value === "object" ? JSON.stringify(value) : String(value);
    }
  }
  return { config, secrets: [...secrets] };
}

function stackFile(folder: string, stack: string): string {
  const short = stack.split("/").at(-1) ?? stack;
  const found = ["yaml", "yml"].map((end) => join(folder, `Pulumi.${short}.${end}`)).find(existsSync);
  if (found !== undefined) return found;
  throw new SchemaError("option-invalid", `--stack ${stack}: there is no ${join(folder, `Pulumi.${short}.yaml`)}`);
}

function read(file: string): Properties {
  try {
    return propertiesOf(parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new SchemaError("input-unreadable", `${file}: cannot be read (${messageOf(error)})`, { cause: error });
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Whether a package is an ES module. */
export function isModule(folder: string): boolean {
  for (let at = isAbsolute(folder) ? folder : resolve(folder); ; at = dirname(at)) {
    const file = join(at, "package.json");
    if (existsSync(file)) return read(file)["type"] === "module";
    if (dirname(at) === at) return false;
  }
}
