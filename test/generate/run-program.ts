import path from "node:path";
import vm from "node:vm";
import ts from "typescript";

/** A resource as a program made it. */
export interface Made {
  readonly className: string;
  readonly resourceName: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly dependsOn: readonly Made[];
  /** What the resource stands for in SQL. */
  readonly text: string;
}

/**
 * Runs a generated program with classes that only remember what they were given, in the order in which they are made.
 *
 * @param textOf the quoted name of a resource, which on a real run is an output.
 */
export function runProgram(
  files: ReadonlyMap<string, string>,
  textOf: (made: Omit<Made, "text">) => string,
): readonly Made[] {
  const made: Made[] = [];
  const resource = (className: string) =>
    class {
      constructor(resourceName: string, args: Made["args"] = {}, options: { dependsOn?: Made[] } = {}) {
        const { dependsOn = [] } = options;
        const one = { className, resourceName, args: resolve(args) as Made["args"], dependsOn };
        made.push(Object.assign(this, one, { text: textOf(one) }));
      }
    };
  const sql = (strings: TemplateStringsArray, ...values: unknown[]): string =>
    strings.map((text, index) => text + (index < values.length ? resolve(values[index]) : "")).join("");
  const library = {
    sql,
    ...Object.fromEntries(["Database", "Table", "View", "MaterializedView"].map((name) => [name, resource(name)])),
  };
  const config = class {
    requireSecret(name: string): string {
      return `secret ${name}`;
    }
  };
  const loaded = new Map<string, { exports: object }>([
    ["pulumi-clickhouse-schema", { exports: library }],
    ["@pulumi/pulumi", { exports: { Config: config } }],
  ]);
  const load = (name: string): object => {
    const found = loaded.get(name);
    if (found !== undefined) return found.exports;
    const text = files.get(`${path.posix.normalize(name)}.ts`);
    if (text === undefined) throw new Error(`no file ${name}`);
    const module = { exports: {} };
    loaded.set(name, module);
    const { outputText } = ts.transpileModule(text, {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
    });
    vm.runInThisContext(`(function (require, exports, module) {${outputText}\n})`)(load, module.exports, module);
    return module.exports;
  };
  load("./index");
  return made;
}

/** Resources as their names: a resource is what has a `text`. */
function resolve(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolve);
  if (typeof value !== "object" || value === null) return value;
  if ("resourceName" in value && "text" in value) return value.text;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, resolve(one)]));
}
