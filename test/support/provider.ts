import { Context } from "../../provider/src/pulumi/context";
import { SchemaProvider } from "../../provider/src/pulumi/lifecycle";
import type { ObjectKind } from "../../provider/src/sql/spec";

/** The marker for a value that is not computed yet. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A refusal at preview, with its message. */
export class Refused extends Error {}

/** The provider as the engine drives it, in this process, with its log recorded. */
export class TestProvider {
  readonly messages: string[] = [];
  readonly context: Context;
  private readonly config: Record<string, string>;
  private readonly program: readonly (Declaration | Leaving)[];

  /** @param program what it declares and what leaves it, which providers ask for. */
  constructor(config: Record<string, string> = {}, program: readonly (Declaration | Leaving)[] = []) {
    this.config = config;
    this.program = program;
    const keep = async (_urn: string | undefined, message: string) => {
      this.messages.push(message);
    };
    const askProgram = async (): Promise<unknown> => program.map((one) => ({ ...one, resourceName: one.name }));
    this.context = new Context({ info: keep, warn: keep, status: keep }, { askProgram });
    this.context.configure(
      Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace("clickhouse:", ""), value])),
    );
  }

  of(kind: ObjectKind): SchemaProvider {
    return new SchemaProvider(kind, this.context);
  }

  /** A check as the engine would request it; the arguments in plain form. */
  check(kind: ObjectKind, request: CheckRequest): Promise<{ inputs?: Record<string, unknown>; failures: string[] }> {
    const { args, name, database, olds = {}, dependsOn = [], sensitive = false, deletion, urn, secrets } = request;
    const news = {
      ...(database !== undefined && { database }),
      name,
      statement: typeof args === "string" ? args : JSON.stringify(args),
      __request: { urn: urn ?? urnOf(kind, name, database), dependencies: dependsOn, sensitive },
      ...(deletion !== undefined && { deletion }),
      ...(secrets !== undefined && { secrets: JSON.stringify(secrets) }),
      __provider: "text",
    };
    return this.of(kind)
      .check(olds, news)
      .then((result) => ({
        ...(result.inputs && { inputs: result.inputs as Record<string, unknown> }),
        failures: (result.failures ?? []).map((failure) => failure.reason),
      }));
  }

  /** A check that must pass; returns the canonical statement. */
  async statement(kind: ObjectKind, request: CheckRequest): Promise<string> {
    const { inputs, failures } = await this.check(kind, request);
    if (failures.length > 0) throw new Error(failures.join("\n"));
    return String(inputs?.["statement"]);
  }

  /** A new process: nothing checked, nothing open. */
  async next(): Promise<TestProvider> {
    await this.close();
    return new TestProvider(this.config, this.program);
  }

  close(): Promise<void> {
    return this.context.close();
  }
}

/** A resource of a program. */
export interface Declaration {
  readonly kind: ObjectKind;
  readonly database?: string;
  readonly name: string;
  readonly args: object;
}

/** What the state has and a program no longer declares. */
export interface Leaving {
  readonly leaves: true;
  readonly database?: string;
  readonly name: string;
}

export interface CheckRequest {
  readonly name: string;
  readonly database?: string;
  /** Arguments, or a string to send as is. */
  readonly args: object | string;
  readonly olds?: Record<string, unknown>;
  readonly dependsOn?: readonly string[];
  readonly sensitive?: boolean;
  readonly deletion?: string;
  readonly urn?: string;
  /** Values of secrets, whose names are in the arguments. */
  readonly secrets?: Readonly<Record<string, string>>;
}

export function urnOf(kind: ObjectKind, name: string, database = ""): string {
  return `urn:pulumi:test::test::pulumi-nodejs:dynamic/clickhouse:${kind}::${database}/${name}`;
}
