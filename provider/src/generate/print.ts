import { Call, entriesOf, isList, Reference, Secret, Sql, type Value, type ValueMap } from "../code/value";

/** Maximum line length. */
const WIDTH = 120;
/** A resource's identifier in the file. */
export type Names = (reference: Reference) => string;

/** The code of a value as Prettier and Biome lay it out. */
export class Printer {
  private readonly names: Names;

  constructor(names: Names) {
    this.names = names;
  }

  /**
   * `new Class(name, args, options)` after the `column` characters already in its line; with the semicolon.
   *
   * @param options the third argument, if there is one.
   */
  call(className: string, name: string, args: ValueMap, options: ValueMap | undefined, column: number): string {
    const head = `new ${className}(`;
    const first = `${head}${quote(name)}`;
    const entries = entriesOf(args).length;
    if (options === undefined)
      return entries === 0 ? `${first});` : `${first}, ${this.object(args, 0, column + first.length + 2, 2)});`;
    const flat = entries > 1 ? undefined : `${first}, ${this.flat(args)}, ${this.flat(options)});`;
    if (flat !== undefined && !flat.includes("\n") && column + flat.length <= WIDTH) return flat;
    return `${head}\n  ${quote(name)},\n  ${this.object(args, 2, 2, 1)},\n  ${this.value(options, 2, 2, 1)},\n);`;
  }

  private value(value: Value, indent: number, column: number, suffix: number): string {
    const flat = this.flat(value);
    if (flat !== undefined && column + flat.length + suffix <= WIDTH && !mustBreak(value)) return flat;
    if (isList(value)) return this.list(value, indent);
    if (value instanceof Call) return this.brokenCall(value, indent, column);
    if (value instanceof Sql || value instanceof Reference || typeof value !== "object") return this.leaf(value);
    return this.brokenObject(value, indent);
  }

  /** A trailing object opens on the line of the call, if what precedes it fits there. */
  private brokenCall({ name, args }: Call, indent: number, column: number): string {
    const last = args.at(-1);
    const others = args.slice(0, -1).map((arg) => this.flat(arg));
    const head = `${name}(${others.map((text) => `${text}, `).join("")}`;
    const fits = !others.includes(undefined) && column + head.length + 1 <= WIDTH;
    if (fits && last !== undefined && isObject(last)) return `${head}${this.brokenObject(last, indent)})`;
    const pad = " ".repeat(indent + 2);
    const lines = args.map((arg) => `${pad}${this.value(arg, indent + 2, pad.length, 1)},\n`);
    return `${name}(\n${lines.join("")}${" ".repeat(indent)})`;
  }

  /** An object with several entries is broken over several lines if it is the argument of a call. */
  private object(values: ValueMap, indent: number, column: number, suffix: number): string {
    const flat = entriesOf(values).length <= 1 ? this.flat(values) : undefined;
    return flat !== undefined && column + flat.length + suffix <= WIDTH ? flat : this.brokenObject(values, indent);
  }

  private brokenObject(values: ValueMap, indent: number): string {
    const pad = " ".repeat(indent + 2);
    const lines = entriesOf(values).map(([key, value]) => {
      const name = keyText(key);
      const head = `${name}: `;
      const text = this.value(value, indent + 2, pad.length + head.length, 1);
      // A string that is too long gets its own line, unless that gains nothing.
      const isLong = isQuoted(text) && pad.length + head.length + text.length + 1 > WIDTH && name.length > 2;
      return isLong ? `${pad}${name}:\n${pad}  ${text},` : `${pad}${head}${text},`;
    });
    return `{\n${lines.join("\n")}\n${" ".repeat(indent)}}`;
  }

  private list(values: readonly Value[], indent: number): string {
    const pad = " ".repeat(indent + 2);
    const lines = values.map((value) => `${pad}${this.value(value, indent + 2, pad.length, 1)},`);
    return `[\n${lines.join("\n")}\n${" ".repeat(indent)}]`;
  }

  /** The code on one line; undefined if it needs several. */
  private flat(value: Value): string | undefined {
    if (isList(value)) {
      const parts = value.map((one) => this.flat(one));
      return parts.includes(undefined) ? undefined : `[${parts.join(", ")}]`;
    }
    if (value instanceof Call) {
      const parts = value.args.map((one) => this.flat(one));
      return parts.includes(undefined) ? undefined : `${value.name}(${parts.join(", ")})`;
    }
    if (value instanceof Sql || value instanceof Reference || typeof value !== "object") {
      const text = this.leaf(value);
      return text.includes("\n") ? undefined : text;
    }
    const parts = entriesOf(value).map(([key, one]) => [keyText(key), this.flat(one)] as const);
    if (parts.some(([, text]) => text === undefined)) return undefined;
    return parts.length === 0 ? "{}" : `{ ${parts.map(([key, text]) => `${key}: ${text}`).join(", ")} }`;
  }

  private leaf(value: Sql | Reference | string | number | boolean): string {
    if (value instanceof Reference) return this.names(value);
    if (!(value instanceof Sql)) return typeof value === "string" ? quote(value) : String(value);
    const isPlain = value.parts.every((part) => typeof part === "string");
    const text = value.parts.join("");
    if (isPlain && (!text.includes("\n") || /^\s*$/.test(text))) return quote(text);
    return `${isPlain ? "" : "sql"}\`${value.parts.map((part) => this.inTemplate(part)).join("")}\``;
  }

  private inTemplate(part: string | Reference | Secret): string {
    if (part instanceof Reference) return `\${${this.names(part)}}`;
    return part instanceof Secret ? `\${config.requireSecret(${quote(part.name)})}` : escapeTemplate(part);
  }
}

/** A string literal, with the quotes that need fewer escapes. */
export function quote(text: string): string {
  const double = JSON.stringify(text);
  if (!text.includes('"')) return double;
  const count = (char: string): number => text.split(char).length - 1;
  if (count('"') <= count("'")) return double;
  return `'${double.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** Text between backticks that evaluates to itself; of control characters, only line breaks and tabs stay unescaped. */
function escapeTemplate(text: string): string {
  return text
    .replace(/\\|`|\$(?=\{)/g, "\\$&")
    .replace(/[\p{Cc}\u2028\u2029\ufeff]/gu, (char) =>
      char === "\n" || char === "\t" ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
}

function keyText(key: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? key : quote(key);
}

function isQuoted(text: string): boolean {
  return /^["']/.test(text);
}

/** Formatters break a list of several objects with several entries. */
function mustBreak(value: Value): boolean {
  if (!isList(value)) return false;
  return value.length > 1 && value.every((one) => isObject(one) && entriesOf(one).length > 1);
}

function isObject(value: Value): value is ValueMap {
  return (
    typeof value === "object" &&
    !(value instanceof Sql) &&
    !(value instanceof Reference) &&
    !(value instanceof Call) &&
    !isList(value)
  );
}
