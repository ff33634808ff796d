import { keyOf, keyParts, objectKey, quotedName } from "../../provider/src/sql/object-key";
import { parseCreate } from "../../provider/src/sql/parse";
import type { ObjectKind } from "../../provider/src/sql/spec";
import { Refused, TestProvider, urnOf } from "../support/provider";
import { type Made, runProgram } from "./run-program";

/** An object as a program declares it. */
export interface Declared {
  readonly key: string;
  readonly kind: ObjectKind;
  readonly type: string;
  readonly urn: string;
  readonly args: object;
  readonly dependsOn: readonly string[];
}

type Bag = Record<string, unknown>;

const KINDS: Readonly<Record<string, ObjectKind>> = {
  Database: "database",
  Table: "table",
  View: "view",
  MaterializedView: "materializedView",
  Dictionary: "dictionary",
  SqlFunction: "sqlFunction",
};

/** What a generated program declares, in the order in which it runs. */
export function declaredOf(files: ReadonlyMap<string, string>, secretOf: (name: string) => string): Declared[] {
  const made = runProgram(files, (one) => quotedName(keyOfMade(one)), secretOf);
  return made.map((one) => {
    const { database: _, name: __, ...args } = one.args;
    const dependsOn = [...one.dependsOn, ...one.uses].map(urnOfMade);
    const key = keyOfMade(one);
    const kind = kindOf(one);
    return {
      key,
      kind,
      type: `pulumi-nodejs:dynamic/clickhouse:${one.className}`,
      urn: urnOfMade(one),
      args,
      dependsOn,
    };
  });
}

/** The object that a resource of a program declares. */
export function keyOfMade({ className, resourceName, args }: Omit<Made, "text">): string {
  if (typeof args["sql"] === "string") return keyOf(parseCreate(args["sql"]));
  const name = String(args["name"] ?? resourceName);
  if (className === "Database") return objectKey(name);
  if (className === "SqlFunction") return objectKey("", name);
  // A database passed as its resource has become its quoted name.
  const database = String(args["database"]);
  return objectKey(/^[`\w]/.test(database) ? keyOf(parseCreate(`CREATE DATABASE ${database}`)) : database, name);
}

function urnOfMade(one: Omit<Made, "text">): string {
  const { database, name } = keyParts(keyOfMade(one));
  return name === undefined ? urnOf("database", database) : urnOf(kindOf(one), name, database);
}

function kindOf({ className }: Omit<Made, "text">): ObjectKind {
  const kind = KINDS[className];
  if (kind === undefined) throw new Error(`no kind of object is made by ${className}`);
  return kind;
}

/** The provider before a server, driven as the engine drives it. */
export class Stage {
  private readonly provider: TestProvider;

  constructor(url: string) {
    this.provider = new TestProvider({ "clickhouse:url": url, "clickhouse:lint": "off" });
  }

  close(): Promise<void> {
    return this.provider.close();
  }

  /** `up` of a resource that the state does not have. @throws {Error} with what check or create say against it. */
  async create(one: Declared): Promise<{ inputs: Bag; outs: Bag; adopted: boolean }> {
    const inputs = await this.check(one, {});
    const said = this.provider.messages.length;
    const { outs = {} } = await this.provider.of(one.kind).create(inputs);
    const adopted = this.provider.messages.slice(said).some((message) => message.includes("adopted"));
    return { inputs, outs, adopted };
  }

  /** What a preview shows, if anything. @throws {Error} with what check says against it. */
  async changes(one: Declared, olds: Readonly<Bag>, state: Readonly<Bag>): Promise<string | undefined> {
    const inputs = await this.check(one, olds);
    const { changes } = await this.provider.of(one.kind).diff("id", state, inputs);
    if (changes === false) return undefined;
    const { statement, plan } = inputs;
    return `changes: ${String(state["statement"])} → ${String(statement)}${plan === undefined ? "" : `; ${String(plan)}`}`;
  }

  /** What a refresh finds changed, if anything. */
  async drift(one: Declared, state: Readonly<Bag>): Promise<string | undefined> {
    const { id, inputs } = await this.provider.of(one.kind).read("id", state);
    if (id === undefined) return "is gone";
    return inputs === undefined ? undefined : `drifted: ${String(state["statement"])} → ${String(inputs["statement"])}`;
  }

  /** The inputs that a preview computes. @throws {Refused} with what it says against it. */
  async check(one: Declared, olds: Readonly<Bag>): Promise<Bag> {
    const { database, name = database } = keyParts(one.key);
    const { inputs = {}, failures } = await this.provider.check(one.kind, {
      name,
      ...(one.kind !== "database" && { database }),
      args: one.args,
      olds: { ...olds },
      dependsOn: one.dependsOn,
      urn: one.urn,
    });
    if (failures.length > 0) throw new Refused(failures.join("; "));
    return inputs;
  }
}
