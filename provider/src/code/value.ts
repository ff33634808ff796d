import { quotedName } from "../sql/object-key";

/** An argument in a generated program: JSON, with SQL that may name other resources, and resources. */
export type Value = string | number | boolean | Sql | Reference | Call | readonly Value[] | ValueMap;

/** An object literal; undefined entries are left out. */
export interface ValueMap {
  readonly [key: string]: Value | undefined;
}

/** Another resource of the program, by the key of its object. */
export class Reference {
  readonly key: string;

  constructor(key: string) {
    this.key = key;
  }
}

/** A call of a function of this package, e.g. `count({ if: "Status >= 500" })`. */
export class Call {
  readonly name: string;
  readonly args: readonly Value[];

  constructor(name: string, args: readonly Value[]) {
    this.name = name;
    this.args = args;
  }
}

/** A secret that the server does not show: the program takes it from the stack's config. */
export class Secret {
  /** The key in the config, without the project's namespace. */
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A piece of the text of {@link Sql}. */
export type Part = string | Reference | Secret;

/** A piece of SQL, split at its references and secrets. */
export class Sql {
  readonly parts: readonly Part[];

  constructor(parts: readonly Part[]) {
    this.parts = parts;
  }

  /** The text that the program produces, with secrets as the server shows them. */
  get text(): string {
    return this.parts.map((part) => (typeof part === "string" ? part : textOf(part))).join("");
  }
}

/** What the server shows in place of a secret. */
export const HIDDEN = "[HIDDEN]";

function textOf(part: Reference | Secret): string {
  return part instanceof Secret ? HIDDEN : quotedName(part.key);
}

/** The value as the program's resource sends it: plain JSON. */
export function evaluate(value: Value): unknown {
  if (value instanceof Sql) return value.text;
  if (value instanceof Reference) return quotedName(value.key);
  if (isList(value)) return value.map(evaluate);
  if (typeof value !== "object") return value;
  if (value instanceof Call) throw new Error(`${value.name}() is the program's to evaluate`);
  return Object.fromEntries(entriesOf(value).map(([key, one]) => [key, evaluate(one)]));
}

/** The entries that are defined. */
export function entriesOf(values: ValueMap): [string, Value][] {
  return Object.entries(values).filter((entry): entry is [string, Value] => entry[1] !== undefined);
}

/** Every piece of SQL, and every resource that replaces one. */
export function leavesOf(value: Value): (Sql | Reference)[] {
  const leaves: (Sql | Reference)[] = [];
  const visit = (one: Value | undefined): void => {
    if (typeof one !== "object") return;
    if (one instanceof Sql || one instanceof Reference) leaves.push(one);
    else if (one instanceof Call) one.args.forEach(visit);
    else Object.values(one).forEach(visit);
  };
  visit(value);
  return leaves;
}

/** The value with every piece of SQL replaced. */
export function mapSql(value: Value, change: (sql: Sql) => Sql): Value {
  if (value instanceof Sql) return change(value);
  if (value instanceof Reference) return value;
  if (isList(value)) return value.map((one) => mapSql(one, change));
  if (value instanceof Call)
    return new Call(
      value.name,
      value.args.map((one) => mapSql(one, change)),
    );
  return typeof value === "object" ? mapSqlIn(value, change) : value;
}

/** As {@link mapSql}, for an object. */
export function mapSqlIn(values: ValueMap, change: (sql: Sql) => Sql): ValueMap {
  return Object.fromEntries(entriesOf(values).map(([key, one]) => [key, mapSql(one, change)]));
}

/** Keys of the resources in a leaf. */
export function referencesIn(leaf: Sql | Reference): string[] {
  if (leaf instanceof Reference) return [leaf.key];
  return leaf.parts.flatMap((part) => (part instanceof Reference ? [part.key] : []));
}

/** The functions that a value calls. */
export function callsIn(value: Value): string[] {
  if (value instanceof Call) return [value.name, ...value.args.flatMap(callsIn)];
  if (isList(value)) return value.flatMap(callsIn);
  if (typeof value !== "object" || value instanceof Sql || value instanceof Reference) return [];
  return entriesOf(value).flatMap(([, one]) => callsIn(one));
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}
