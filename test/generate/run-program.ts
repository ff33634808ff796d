import path from "node:path";
import vm from "node:vm";
import ts from "typescript";

/** A resource as a program made it. */
export interface Made {
  readonly className: string;
  readonly resourceName: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly dependsOn: readonly Made[];
  /** The resources in its arguments. */
  readonly uses: readonly Made[];
  /** What the resource is in SQL. */
  readonly text: string;
}

const CLASSES = ["Database", "Table", "View", "MaterializedView", "Dictionary", "SqlFunction"];

/**
 * Runs a generated program with classes that only remember what they were given, in the order in which they are made.
 *
 * @param textOf the quoted name of a resource, which on a real run is an output.
 * @param secretOf the value of a secret in the config.
 */
export function runProgram(
  files: ReadonlyMap<string, string>,
  textOf: (made: Omit<Made, "text">) => string,
  secretOf: (name: string) => string = (name) => `secret ${name}`,
): readonly Made[] {
  const made: Made[] = [];
  const resource = (className: string) =>
    class {
      constructor(resourceName: string, args: Made["args"] = {}, options: { dependsOn?: Made[] } = {}) {
        const { dependsOn = [] } = options;
        const uses: Made[] = [];
        const one = { className, resourceName, args: resolve(args, uses) as Made["args"], dependsOn, uses };
        made.push(Object.assign(this, one, { text: textOf(one) }));
      }
    };
  const sql = (strings: TemplateStringsArray, ...values: unknown[]): Tagged => new Tagged(strings, values);
  const library = {
    sql,
    ...Object.fromEntries(CLASSES.map((name) => [name, resource(name)])),
  };
  const config = class {
    requireSecret(name: string): string {
      return secretOf(name);
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

/** What the `sql` tag was given. */
class Tagged {
  readonly strings: readonly string[];
  readonly values: readonly unknown[];

  constructor(strings: readonly string[], values: readonly unknown[]) {
    this.strings = strings;
    this.values = values;
  }
}

/** Resources as their names, and noted in `uses`: a resource is what has a `text`. */
function resolve(value: unknown, uses: Made[]): unknown {
  if (Array.isArray(value)) return value.map((one) => resolve(one, uses));
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Tagged) {
    const parts = value.strings.map((text, index) =>
      index < value.values.length ? text + String(resolve(value.values[index], uses)) : text,
    );
    return parts.join("");
  }
  if (isMade(value)) {
    uses.push(value);
    return value.text;
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, resolve(one, uses)]));
}

function isMade(value: object): value is Made {
  return "resourceName" in value && "text" in value;
}
